-- CreateEnum
CREATE TYPE "context_strategy" AS ENUM ('FULL', 'TOKEN_BUDGET', 'LAST_N');

-- CreateEnum
CREATE TYPE "participant_role" AS ENUM ('OWNER', 'EDITOR', 'VIEWER');

-- CreateEnum
CREATE TYPE "message_role" AS ENUM ('DEVELOPER', 'SYSTEM', 'USER', 'ASSISTANT', 'TOOL');

-- CreateEnum
CREATE TYPE "message_status" AS ENUM ('STREAMING', 'COMPLETE', 'PARTIAL');

-- CreateEnum
CREATE TYPE "finish_reason" AS ENUM ('STOP', 'LENGTH', 'TOOL_CALLS', 'CONTENT_FILTER', 'FUNCTION_CALL', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "completion_status" AS ENUM ('IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'FAILED', 'INTERRUPTED');

-- CreateEnum
CREATE TYPE "usage_source" AS ENUM ('PROVIDER', 'ESTIMATED', 'NONE');

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "subject" TEXT NOT NULL,
    "name" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "conversations" (
    "id" UUID NOT NULL,
    "title" TEXT,
    "system_prompt" TEXT,
    "model" TEXT,
    "temperature" DOUBLE PRECISION,
    "top_p" DOUBLE PRECISION,
    "max_tokens" INTEGER,
    "context_strategy" "context_strategy" NOT NULL DEFAULT 'FULL',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "archived_at" TIMESTAMPTZ(3),

    CONSTRAINT "conversations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "participants" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "participant_role" NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "current_leaf_id" UUID,
    "last_read_message_id" UUID,

    CONSTRAINT "participants_pkey" PRIMARY KEY ("conversation_id","user_id")
);

-- CreateTable
CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "parent_id" UUID,
    "role" "message_role" NOT NULL,
    "content" TEXT,
    "parts" JSONB,
    "name" TEXT,
    "refusal" TEXT,
    "reasoning" TEXT,
    "tool_calls" JSONB,
    "tool_call_id" TEXT,
    "author_id" UUID,
    "idempotency_key" TEXT,
    "input_hash" TEXT,
    "completion_id" UUID,
    "choice_index" INTEGER,
    "finish_reason" "finish_reason",
    "logprobs" JSONB,
    "status" "message_status" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "completions" (
    "id" UUID NOT NULL,
    "requester_id" UUID NOT NULL,
    "conversation_id" UUID,
    "parent_id" UUID,
    "idempotency_key" TEXT,
    "input_hash" TEXT,
    "stored" BOOLEAN NOT NULL,
    "turn_id" UUID,
    "replica_id" UUID,
    "status" "completion_status" NOT NULL,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "cancel_when_unwatched" BOOLEAN NOT NULL,
    "watched_at" TIMESTAMPTZ(3),
    "model" TEXT NOT NULL,
    "model_used" TEXT,
    "upstream" TEXT,
    "upstream_id" TEXT,
    "request_id" TEXT,
    "created" INTEGER,
    "system_fingerprint" TEXT,
    "service_tier" TEXT,
    "parameters" JSONB NOT NULL,
    "context" JSONB NOT NULL,
    "metadata" JSONB NOT NULL,
    "attempts" JSONB NOT NULL DEFAULT '[]',
    "error" JSONB,
    "prompt_tokens" INTEGER,
    "completion_tokens" INTEGER,
    "total_tokens" INTEGER,
    "cached_tokens" INTEGER,
    "reasoning_tokens" INTEGER,
    "cost_micros" INTEGER,
    "usage_source" "usage_source",
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "first_token_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "completions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "answer_log" (
    "completion_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "delta" TEXT NOT NULL,

    CONSTRAINT "answer_log_pkey" PRIMARY KEY ("completion_id","sequence")
);

-- CreateTable
CREATE TABLE "replicas" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "fenced_at" TIMESTAMPTZ(3),

    CONSTRAINT "replicas_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_subject_key" ON "users"("subject");

-- CreateIndex
CREATE INDEX "participants_user_id_idx" ON "participants"("user_id");

-- CreateIndex
CREATE INDEX "messages_conversation_id_parent_id_idx" ON "messages"("conversation_id", "parent_id");

-- CreateIndex
CREATE INDEX "messages_completion_id_idx" ON "messages"("completion_id");

-- CreateIndex
CREATE UNIQUE INDEX "messages_author_id_idempotency_key_key" ON "messages"("author_id", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "completions_turn_id_key" ON "completions"("turn_id");

-- CreateIndex
CREATE INDEX "completions_conversation_id_idx" ON "completions"("conversation_id");

-- CreateIndex
CREATE INDEX "completions_replica_id_idx" ON "completions"("replica_id");

-- CreateIndex
CREATE INDEX "completions_finished_at_idx" ON "completions"("finished_at");

-- CreateIndex
CREATE UNIQUE INDEX "completions_requester_id_idempotency_key_key" ON "completions"("requester_id", "idempotency_key");

-- AddForeignKey
ALTER TABLE "participants" ADD CONSTRAINT "participants_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "participants" ADD CONSTRAINT "participants_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_completion_id_fkey" FOREIGN KEY ("completion_id") REFERENCES "completions"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "completions" ADD CONSTRAINT "completions_requester_id_fkey" FOREIGN KEY ("requester_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "completions" ADD CONSTRAINT "completions_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE SET NULL ON UPDATE CASCADE;
