// What every case shares: the list of cases, the server's address, comparing and reporting.
//
// A case is a function that takes its own test id, so that no case sees the counts of another one, nor of another
// run against the same server. It passes when it returns and fails when it throws. Each prints one line that
// `cargo xtask ci` counts: `ok NAME`, `FAIL NAME reason` or `skip NAME reason`; the last line, `end N`, proves that
// none was lost.

import assert from "node:assert/strict";

export const url = (process.env.AIMOCK_URL ?? "http://127.0.0.1:4010").replace(/\/$/, "");
export const key = "not-a-real-key";
export const timeout = 20_000;

const cases = [];

/** Thrown by a case that cannot run here; the text says why. */
export class Skip extends Error {}

/** The `case` function of one file. */
export function suite(file) {
  return (name, run) => cases.push({ name: `node/${file}/${name}`, run });
}

/** Fails with both sides when they differ. */
export function equal(actual, expected, what = "value") {
  try {
    assert.deepEqual(actual, expected);
  } catch {
    throw new Error(`${what}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  }
}

/** The error of exactly this class that `run` must throw. */
export async function throws(kind, run) {
  let result;
  try {
    result = await run();
  } catch (error) {
    if (error?.constructor === kind) return error;
    throw new Error(`threw ${error?.constructor?.name}: ${error?.message}, expected ${kind.name}`, { cause: error });
  }
  throw new Error(`returned ${JSON.stringify(result)}, expected ${kind.name}`);
}

/** The journal entries of one case, oldest first. */
export async function journal(testId) {
  const response = await fetch(`${url}/__aimock/journal?testId=${encodeURIComponent(testId)}`);
  return response.json();
}

/** The status of every request of one case, in order. */
export async function statuses(testId) {
  return (await journal(testId)).map((entry) => entry.response.status);
}

/** Fixture and failed key of the first near miss in an error object (what stands under `error` on the wire). */
export function nearest(body) {
  const found = body.aimock.nearest;
  if (!(found.length >= 1 && found.length <= 3)) throw new Error(`expected one to three near misses, got ${JSON.stringify(found)}`);
  return [found[0].fixture, found[0].failed.key];
}

function reason(error) {
  const place = /\/(?!harness)(\w+)\.mjs:(\d+):/.exec((error.stack ?? "").split("\n").filter((line) => line.includes("/tests/clients/")).join("\n"));
  const text = `${error.constructor?.name}: ${error.message}`.replace(/\s+/g, " ").slice(0, 600);
  return place ? `${text} (line ${place[2]})` : text;
}

/** Runs every case; the exit status is 1 when one failed. */
export async function run() {
  for (const { name, run } of cases) {
    try {
      await run(`${name}#${process.pid}`);
      console.log(`ok ${name}`);
    } catch (error) {
      if (error instanceof Skip) console.log(`skip ${name} ${error.message}`);
      else {
        process.exitCode = 1;
        console.log(`FAIL ${name} ${reason(error)}`);
      }
    }
  }
  console.log(`end ${cases.length}`);
}
