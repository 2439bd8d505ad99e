// All cases of the Node clients, against the server at `AIMOCK_URL`.

import { run } from "./harness.mjs";
import "./ai_google.mjs";
import "./anthropic_errors.mjs";
import "./anthropic_messages.mjs";
import "./ai_sdk.mjs";
import "./gemini_live.mjs";
import "./google_genai.mjs";
import "./bedrock_ai.mjs";
import "./bedrock_aws.mjs";
import "./fal_queue.mjs";
import "./openai_chat.mjs";
import "./openai_embeddings.mjs";
import "./openai_completions.mjs";
import "./openai_errors.mjs";
import "./openai_responses.mjs";
import "./openai_media.mjs";
import "./openrouter.mjs";
import "./realtime.mjs";
import "./server_manners.mjs";

await run();
