// A Kysely driver for better-sqlite3 that commits many transactions with one sync of the disk. A commit stops the whole process for as long as the disk takes, so
// with a commit for each transaction it, and not the processor, would bound what the service can do.
import type Sqlite from 'better-sqlite3';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

const MAX_KEPT_STATEMENTS = 500;

/**
 * Transactions run one after the other, each in a savepoint of one transaction of SQLite, which is committed when all that the process has been asked meanwhile has
 * run: after one under a light load, after hundreds under a heavy one. Nobody is told that a transaction is committed before the disk has it, and what fails alone is
 * undone alone. Reads outside of a transaction see what is committed.
 * @param reader a second connection to the same file; without one, as in memory, reads see what is about to be committed too
 */
export function groupCommitDialect(writer: Sqlite.Database, reader: Sqlite.Database | undefined): Dialect {
  return {
    createDriver: () => new GroupCommitDriver(writer, reader),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

interface Member {
  committed(): void;
  failed(error: unknown): void;
}

class GroupCommitDriver implements Driver {
  readonly #writer: Sqlite.Database;
  readonly #begins: Sqlite.Statement;
  readonly #enters: Sqlite.Statement;
  readonly #leaves: Sqlite.Statement;
  readonly #commits: Sqlite.Statement;
  readonly #reader: Sqlite.Database | undefined;
  readonly #turns = new Turns();
  readonly #write: Statements;
  readonly #read: Statements;
  /** Those whose changes are in the transaction that is open. */
  #group: Member[] = [];
  #commitIsDue = false;

  constructor(writer: Sqlite.Database, reader: Sqlite.Database | undefined) {
    this.#writer = writer;
    this.#begins = writer.prepare('BEGIN IMMEDIATE');
    this.#enters = writer.prepare('SAVEPOINT member');
    this.#leaves = writer.prepare('RELEASE member');
    this.#commits = writer.prepare('COMMIT');
    this.#reader = reader;
    this.#write = new Statements(writer);
    this.#read = reader === undefined ? this.#write : new Statements(reader);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Connection(
      (query) => (isRead(query) ? this.#read.run(query) : this.#alone(query)),
      (query) => this.#write.run(query),
    );
  }

  async beginTransaction(connection: Connection): Promise<void> {
    await this.#enter();
    connection.inTransaction = true;
  }

  commitTransaction(connection: Connection): Promise<void> {
    connection.inTransaction = false;
    return this.#leave();
  }

  async rollbackTransaction(connection: Connection): Promise<void> {
    if (!connection.inTransaction) return;
    connection.inTransaction = false;
    this.#undo();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#turns.take();
    this.#commit();
    this.#reader?.close();
    this.#writer.close();
    this.#turns.give();
  }

  /** A statement that changes something is a transaction of its own. */
  async #alone(query: CompiledQuery): Promise<QueryResult<never>> {
    await this.#enter();
    let result: QueryResult<never>;
    try {
      result = this.#write.run(query);
    } catch (error) {
      this.#undo();
      throw error;
    }
    await this.#leave();
    return result;
  }

  /** Begins a member when its turn comes. The turn lasts until it leaves or is undone. */
  async #enter(): Promise<void> {
    await this.#turns.take();
    try {
      if (!this.#writer.inTransaction) this.#begins.run();
      this.#enters.run();
    } catch (error) {
      this.#turns.give();
      throw error;
    }
  }

  /** Ends the running member; resolves when its changes are on disk. */
  async #leave(): Promise<void> {
    try {
      this.#leaves.run();
    } catch (error) {
      this.#undo();
      throw error;
    }
    const onDisk = new Promise<void>((committed, failed) => this.#group.push({ committed, failed }));
    this.#turns.give();
    this.#commitLater();
    return onDisk;
  }

  /** Undoes the running member. Some errors, such as a full disk, make SQLite undo the whole transaction: then all of the group have failed. */
  #undo(): void {
    try {
      if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK TO member; RELEASE member');
      else
        this.#endGroup((member) =>
          member.failed(new Error('SQLite undid the transaction that this one was to be committed with')),
        );
    } finally {
      this.#turns.give();
    }
    this.#commitLater();
  }

  /** After whatever has arrived by now has been looked at. */
  #commitLater(): void {
    if (this.#commitIsDue) return;
    this.#commitIsDue = true;
    setImmediate(() => this.#commitNow());
  }

  async #commitNow(): Promise<void> {
    await this.#turns.take();
    this.#commitIsDue = false;
    try {
      this.#commit();
    } finally {
      this.#turns.give();
    }
  }

  #commit(): void {
    try {
      if (this.#writer.inTransaction) this.#commits.run();
      this.#endGroup((member) => member.committed());
    } catch (error) {
      if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK');
      this.#endGroup((member) => member.failed(error));
    }
  }

  #endGroup(tell: (member: Member) => void): void {
    const group = this.#group;
    this.#group = [];
    group.forEach(tell);
  }
}

class Connection implements DatabaseConnection {
  readonly #outside: (query: CompiledQuery) => Promise<QueryResult<never>> | QueryResult<never>;
  readonly #inside: (query: CompiledQuery) => QueryResult<never>;
  inTransaction = false;

  constructor(
    outside: (query: CompiledQuery) => Promise<QueryResult<never>> | QueryResult<never>,
    inside: (query: CompiledQuery) => QueryResult<never>,
  ) {
    this.#outside = outside;
    this.#inside = inside;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.inTransaction ? this.#inside(query) : this.#outside(query);
  }

  // biome-ignore lint/correctness/useYield: the interface asks for it, and nobody streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('queries are not streamed: read them in pages');
  }
}

function isRead({ query }: CompiledQuery): boolean {
  return SelectQueryNode.is(query);
}

/** Runs queries by statements that are kept: to prepare one costs more than most queries, and there are few different ones. */
class Statements {
  readonly #db: Sqlite.Database;
  readonly #kept = new Map<string, Sqlite.Statement>();

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  run({ sql, parameters }: CompiledQuery): QueryResult<never> {
    const statement = this.#statement(sql);
    if (statement.reader) return { rows: statement.all(parameters) as never[] };
    const { changes, lastInsertRowid } = statement.run(parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  #statement(sql: string): Sqlite.Statement {
    const present = this.#kept.get(sql);
    if (present !== undefined) return present;
    // Lists of values make texts without end.
    if (this.#kept.size >= MAX_KEPT_STATEMENTS) this.#kept.clear();
    const statement = this.#db.prepare(sql);
    this.#kept.set(sql, statement);
    return statement;
  }
}

/** One at a time, in the order in which they came. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  take(): Promise<void> | void {
    if (this.#taken) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }
}
