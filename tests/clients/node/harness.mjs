// What every case shares: the list of cases, the server's address, comparing and reporting.
//
// A case is a function that takes its own test id, so that no case sees the counts of another one, nor of another
// run against the same server. It passes when it returns and fails when it throws. Each prints one line that
// `cargo xtask ci` counts: `ok NAME`, `FAIL NAME reason` or `skip NAME reason`; the last line, `end N`, proves that
// none was lost.
//
// A file says whose client its cases run (`suite("openai_chat", "openai")`, a row of `clients.json`), and a case what it
// shows of that client (`test("stream", ["stream", "usage"], run)`). Before its verdict such a case prints
// `shows NAME CLIENT WHAT…`; after the run `cargo xtask clients` holds it against the journal. A case without a client
// counts as a case, and for no client. A file that cannot be imported for want of a package is skipped as one case, and
// its clients are told in lines `absent CLIENT`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

export const url = (process.env.AIMOCK_URL ?? "http://127.0.0.1:4010").replace(/\/$/, "");
export const key = "not-a-real-key";
export const timeout = 20_000;

const cases = [];
const absent = [];

/** Thrown by a case that cannot run here; the text says why. */
export class Skip extends Error {}

/** The `test` function of one file, whose cases run this client: a row of `clients.json` without its language. */
export function suite(file, client) {
  return (name, ...rest) => {
    const run = rest.pop();
    cases.push({ name: `node/${file}/${name}`, run, client: client && `node/${client}`, shown: rest.flat() });
  };
}

/** Imports a file of cases, or skips it for want of a package. */
export async function include(file) {
  try {
    await import(file);
  } catch (error) {
    const missing = ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error.code);
    if (!missing || /\.mjs'/.test(error.message.split(" imported from ")[0])) throw error;
    const name = path.basename(file.pathname, ".mjs");
    cases.splice(0, cases.length, ...cases.filter((entry) => !entry.name.startsWith(`node/${name}/`)));
    for (const [, client] of readFileSync(file, "utf8").matchAll(/suite\("[^"]+", "([^"]+)"\)/g)) {
      console.log(`absent node/${client}`);
    }
    absent.push(name);
    console.log(`skip node/${name} ${error.message.split("\n")[0]}`);
  }
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
  for (const { name, run, client, shown } of cases) {
    try {
      await run(`${name}#${process.pid}`);
      if (client) console.log(["shows", name, client, ...shown].join(" "));
      console.log(`ok ${name}`);
    } catch (error) {
      if (error instanceof Skip) console.log(`skip ${name} ${error.message}`);
      else {
        process.exitCode = 1;
        console.log(`FAIL ${name} ${reason(error)}`);
      }
    }
  }
  console.log(`end ${cases.length + absent.length}`);
}
