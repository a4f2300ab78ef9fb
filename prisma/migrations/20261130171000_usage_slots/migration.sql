-- CreateTable
CREATE TABLE "usage_slots" (
    "requester_id" UUID NOT NULL,
    "slot" TIMESTAMPTZ(3) NOT NULL,
    "model" TEXT NOT NULL,
    "completions" INTEGER NOT NULL,
    "prompt_tokens" BIGINT NOT NULL,
    "completion_tokens" BIGINT NOT NULL,
    "total_tokens" BIGINT NOT NULL,
    "cached_tokens" BIGINT NOT NULL,
    "reasoning_tokens" BIGINT NOT NULL,
    "cost_micros" BIGINT,
    "has_estimated" BOOLEAN NOT NULL,
    "has_provided" BOOLEAN NOT NULL,

    CONSTRAINT "usage_slots_pkey" PRIMARY KEY ("requester_id","slot","model")
);

-- A bill by conversation is read from this index alone.
CREATE INDEX "completions_usage_idx" ON "completions"("requester_id", "created_at", "conversation_id", "model", "prompt_tokens",
    "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens", "cost_micros", "usage_source") WHERE (usage_source IS NOT NULL);

INSERT INTO "usage_slots"
SELECT requester_id, date_bin('15 minutes', created_at, TIMESTAMPTZ '1970-01-01 00:00:00Z'), model, count(*), sum(prompt_tokens),
    sum(completion_tokens), sum(total_tokens), sum(cached_tokens), sum(reasoning_tokens), sum(cost_micros),
    bool_or(usage_source = 'ESTIMATED'), bool_or(usage_source = 'PROVIDER')
FROM "completions" WHERE usage_source IS NOT NULL GROUP BY 1, 2, 3;

-- After the statement that ends a completion has locked all else, so that two ends never wait for each other.
CREATE FUNCTION add_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO usage_slots AS known VALUES (
    NEW.requester_id, date_bin('15 minutes', NEW.created_at, TIMESTAMPTZ '1970-01-01 00:00:00Z'), NEW.model, 1, NEW.prompt_tokens,
    NEW.completion_tokens, NEW.total_tokens, NEW.cached_tokens, NEW.reasoning_tokens, NEW.cost_micros,
    NEW.usage_source = 'ESTIMATED', NEW.usage_source = 'PROVIDER')
  ON CONFLICT (requester_id, slot, model) DO UPDATE SET completions = known.completions + 1,
    prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = known.completion_tokens + excluded.completion_tokens,
    total_tokens = known.total_tokens + excluded.total_tokens,
    cached_tokens = known.cached_tokens + excluded.cached_tokens,
    reasoning_tokens = known.reasoning_tokens + excluded.reasoning_tokens,
    cost_micros = coalesce(known.cost_micros + excluded.cost_micros, known.cost_micros, excluded.cost_micros),
    has_estimated = known.has_estimated OR excluded.has_estimated,
    has_provided = known.has_provided OR excluded.has_provided;
  RETURN NULL;
END
$$;

CREATE TRIGGER add_usage AFTER UPDATE OF "usage_source" ON "completions" FOR EACH ROW
    WHEN (OLD.usage_source IS NULL AND NEW.usage_source IS NOT NULL) EXECUTE FUNCTION add_usage();

CREATE TRIGGER add_new_usage AFTER INSERT ON "completions" FOR EACH ROW
    WHEN (NEW.usage_source IS NOT NULL) EXECUTE FUNCTION add_usage();
