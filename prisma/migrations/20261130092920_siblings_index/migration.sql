-- DropIndex
DROP INDEX "messages_conversation_id_parent_id_idx";

-- CreateIndex
CREATE INDEX "messages_conversation_id_parent_id_id_idx" ON "messages"("conversation_id", "parent_id", "id");
