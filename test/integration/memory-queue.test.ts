import { createMemoryQueue } from '../../adapters/memory/build-queue.js';
import { testBuildQueue } from '../suites/build-queue.js';

testBuildQueue('the embedded queue', async (clock, wake) => createMemoryQueue(clock, wake));
