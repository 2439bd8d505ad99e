import sys, harness
import bedrock_boto3, bedrock_errors, bedrock_anthropic
try:
    import bedrock_langchain
except ImportError: pass
sys.exit(harness.run())
