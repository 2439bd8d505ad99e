// All cases of the Node clients, against the server at `AIMOCK_URL`: every file beside this one.

import { readdirSync } from "node:fs";
import { include, run } from "./harness.mjs";

const here = new URL(".", import.meta.url);
for (const name of readdirSync(here).sort()) {
  if (name.endsWith(".mjs") && !["main.mjs", "harness.mjs"].includes(name)) await include(new URL(name, here));
}

await run();
// Some clients leave a timer behind that would keep the process for minutes.
process.stdout.write("", () => process.exit());
