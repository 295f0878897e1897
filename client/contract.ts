// What goes over the wire of /api/v1, in both directions. The API validates requests by these schemas; clients take their types from them.
// Relied on by others: it only grows.
export * from './contract/build.js';
export * from './contract/check.js';
export * from './contract/file.js';
export * from './contract/problem.js';
export * from './contract/project.js';
export * from './contract/review.js';
export * from './contract/worker.js';
