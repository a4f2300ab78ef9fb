-- CreateTable
CREATE TABLE "queued_completions" (
    "completion_id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "place" BIGSERIAL NOT NULL,
    "request" TEXT NOT NULL,

    CONSTRAINT "queued_completions_pkey" PRIMARY KEY ("completion_id")
);

-- CreateIndex
CREATE INDEX "queued_completions_conversation_id_place_idx" ON "queued_completions"("conversation_id", "place");

-- AddForeignKey
ALTER TABLE "queued_completions" ADD CONSTRAINT "queued_completions_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
