"""All cases of the Python clients, against the server at `AIMOCK_URL`."""

import sys

import harness
import anthropic_errors  # noqa: F401
import anthropic_messages  # noqa: F401
import anthropic_tools  # noqa: F401
import anthropic_vertex  # noqa: F401
import gemini_live  # noqa: F401
import google_genai  # noqa: F401
import google_interactions  # noqa: F401
import langchain_chat  # noqa: F401
import bedrock_anthropic  # noqa: F401
import bedrock_boto3  # noqa: F401
import bedrock_errors  # noqa: F401
import bedrock_langchain  # noqa: F401
import bedrock_makers  # noqa: F401
import cohere_chat  # noqa: F401
import cohere_embed  # noqa: F401
import elevenlabs_audio  # noqa: F401
import fal_queue  # noqa: F401
import mistral_chat  # noqa: F401
import ollama_local  # noqa: F401
import openai_chat  # noqa: F401
import openai_completions  # noqa: F401
import openai_embeddings  # noqa: F401
import openai_errors  # noqa: F401
import openai_responses  # noqa: F401
import openai_media  # noqa: F401
import openai_tools  # noqa: F401
import openrouter_chat  # noqa: F401
import realtime  # noqa: F401
import server_manners  # noqa: F401
import tavily_search  # noqa: F401

if __name__ == "__main__":
    sys.exit(harness.run())
