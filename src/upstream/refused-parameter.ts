/**
 * The wire names of parameters that would bypass the limits, the prices or the storage of this server, or would choose who is
 * asked and who pays. The sources are the references of OpenAI, OpenRouter, LiteLLM, vLLM and Vercel's gateway.
 */
export const refusedParameters = [
  // These request more answers than `n`.
  'best_of',
  'use_beam_search',
  // These store the answer at the provider.
  'store',
  'background',
  // These choose another model, or another route to it.
  'models',
  'route',
  'router',
  'provider',
  'providerOptions',
  'preset',
  'plugins',
  'fallbacks',
  'model_list',
  'deployment_id',
  'specific_deployment',
  'custom_llm_provider',
  'user_config',
  'num_retries',
  'max_retries',
  'mock_response',
  // These choose another address or another account.
  'api_base',
  'base_url',
  'api_key',
  'api_type',
  'api_version',
  'organization',
  'azure_ad_token',
  'aws_access_key_id',
  'aws_secret_access_key',
  'vertex_credentials',
  'headers',
  'extra_headers',
  'extra_query',
  'extra_body',
] as const
