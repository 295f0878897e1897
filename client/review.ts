// Solves and submissions, for whoever has a connection to the API.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, sendForJson } from './connection.js';
import {
  approvedRecipesSchema,
  type BuildRequest,
  buildsCreatedSchema,
  type CommentRequest,
  type Solve,
  type Submission,
  type SubmissionRequest,
  solveSchema,
  submissionSchema,
  submissionsSchema,
} from './contract.js';

export interface ReviewClient {
  /** Begins to solve a requirement; gives the solve's id. */
  startSolve(request: Omit<BuildRequest, 'solve'>, signal?: AbortSignal): Promise<string>;
  solve(id: string, signal?: AbortSignal): Promise<Solve>;
  submit(request: SubmissionRequest, signal?: AbortSignal): Promise<Submission>;
  submission(id: string, signal?: AbortSignal): Promise<Submission>;
  /** Newest first. */
  submissions(filter: { status?: string; project?: string }, signal?: AbortSignal): Promise<Submission[]>;
  approve(id: string, reason: string | undefined, signal?: AbortSignal): Promise<Submission>;
  reject(id: string, reason: string, signal?: AbortSignal): Promise<Submission>;
  comment(id: string, comment: CommentRequest, signal?: AbortSignal): Promise<Submission>;
  /** The current approved recipe of each project that has one. */
  approved(signal?: AbortSignal): Promise<{ project: string; recipe: string }[]>;
}

const API = '/api/v1';
const POLL_MS = 200;

/** Calls throw what the API's problem documents say. */
export function reviewClient(connection: Connection): ReviewClient {
  const one = (id: string, action = '') => `${API}/submissions/${encodeURIComponent(id)}${action}`;
  return {
    async startSolve(request, signal) {
      const json = { ...request, solve: true };
      const { solves } = await sendForJson(connection, 'POST', `${API}/builds`, buildsCreatedSchema, { json, signal });
      return solves?.[0]?.id ?? '';
    },
    solve: (id, signal) =>
      sendForJson(connection, 'GET', `${API}/solves/${encodeURIComponent(id)}`, solveSchema, { signal }),
    submit: (json, signal) => sendForJson(connection, 'POST', `${API}/submissions`, submissionSchema, { json, signal }),
    submission: (id, signal) => sendForJson(connection, 'GET', one(id), submissionSchema, { signal }),
    async submissions(filter, signal) {
      const query = { ...filter };
      const answer = await sendForJson(connection, 'GET', `${API}/submissions`, submissionsSchema, { query, signal });
      return answer.submissions;
    },
    approve: (id, reason, signal) =>
      sendForJson(connection, 'POST', one(id, '/approve'), submissionSchema, {
        json: reason === undefined ? {} : { reason },
        signal,
      }),
    reject: (id, reason, signal) =>
      sendForJson(connection, 'POST', one(id, '/reject'), submissionSchema, { json: { reason }, signal }),
    comment: (id, json, signal) =>
      sendForJson(connection, 'POST', one(id, '/comments'), submissionSchema, { json, signal }),
    async approved(signal) {
      const answer = await sendForJson(connection, 'GET', `${API}/approved-recipes`, approvedRecipesSchema, { signal });
      return answer.recipes;
    },
  };
}

/** Each new step of a solve as it begins, and in the end the solve. */
export async function* followSolve(
  client: ReviewClient,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<{ event: 'step'; step: Solve['steps'][number]; solve: Solve } | { event: 'end'; solve: Solve }> {
  let known = 0;
  for (;;) {
    const solve = await client.solve(id, signal);
    for (const step of solve.steps.slice(known)) yield { event: 'step', step, solve };
    known = solve.steps.length;
    if (solve.status !== 'running') {
      yield { event: 'end', solve };
      return;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}
