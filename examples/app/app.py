"""A staff directory: looks people up in PostgreSQL and in LDAP, whichever are configured.

DATABASE_URL  e.g. postgresql://reader@db/staff, with a table people(name, phone)
LDAP_URL      e.g. ldap://ldap.internal, searched below LDAP_BASE without a password
"""

import os

import ldap
import ldap.filter
import psycopg2
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/healthz")
def healthz():
    """What the process runs with; asks no other service."""
    return jsonify(status="ok", user=os.getuid(), libpq=psycopg2.extensions.libpq_version(), ldap=ldap.__version__)


@app.get("/people")
def people():
    name = request.args.get("name", "").strip()
    if not name:
        return jsonify(error="say whom you look for: /people?name=ada"), 400
    sources = {"database": (os.environ.get("DATABASE_URL"), from_database), "ldap": (os.environ.get("LDAP_URL"), from_ldap)}
    found, away = [], {}
    for source, (url, look_up) in sources.items():
        if not url:
            continue
        try:
            found += look_up(url, name)
        except (psycopg2.Error, ldap.LDAPError) as error:
            away[source] = str(error).strip()
    return jsonify(people=found, unavailable=away), (503 if away and not found else 200)


def from_database(url, name):
    with psycopg2.connect(url, connect_timeout=3) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name, phone FROM people WHERE name ILIKE %s ORDER BY name LIMIT 50", (f"%{name}%",))
        return [{"name": found, "phone": phone} for found, phone in cursor.fetchall()]


def from_ldap(url, name):
    connection = ldap.initialize(url)
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 3)
    query = f"(cn=*{ldap.filter.escape_filter_chars(name)}*)"
    entries = connection.search_st(os.environ.get("LDAP_BASE", ""), ldap.SCOPE_SUBTREE, query, ["cn", "telephoneNumber"], timeout=3)
    return [{"name": text(entry, "cn"), "phone": text(entry, "telephoneNumber")} for dn, entry in entries if dn]


def text(entry, attribute):
    return entry.get(attribute, [b""])[0].decode()
