import { run } from "./harness.mjs";
import "./bedrock_aws.mjs";
import "./bedrock_ai.mjs";
await run();
