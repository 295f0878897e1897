// Queries that are put together once. To build and compile one anew takes several times as long as SQLite takes to answer it, which is felt where every attempt asks dozens.
import type { CompiledQuery, QueryResult } from 'kysely';
import type { Database } from './database.js';

/** Stands in a query in the place of a value that is given when it runs. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Runs a prepared query, within the transaction that it is given. */
export type Prepared<Values, Row> = (db: Database, values: Values) => Promise<QueryResult<Row>>;

/**
 * @param build puts the query together, once; where a value belongs it says `value(name)`. A condition cannot depend on such a value, and `null` is no match for `=`.
 */
export function prepared<Values extends object, Row = never>(
  build: (db: Database, value: <Name extends keyof Values & string>(name: Name) => Values[Name]) => CompiledQuery<Row>,
): Prepared<Values, Row> {
  let known: CompiledQuery<Row> | undefined;
  return (db, values) => {
    // Whatever is no slot is a constant of the query.
    known ??= build(db, (name) => new Slot(name) as never);
    const parameters = known.parameters.map((parameter) =>
      parameter instanceof Slot ? values[parameter.name as keyof Values] : parameter,
    );
    return db.executeQuery({ ...known, parameters });
  };
}
