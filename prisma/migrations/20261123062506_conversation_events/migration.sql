-- CreateEnum
CREATE TYPE "conversation_event_kind" AS ENUM ('MESSAGE_CREATED', 'MESSAGE_DELETED', 'COMPLETION_STARTED', 'COMPLETION_FINISHED', 'CONVERSATION_UPDATED', 'PARTICIPANTS_CHANGED');

-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "last_event" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "conversation_events" (
    "conversation_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "kind" "conversation_event_kind" NOT NULL,
    "subject_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversation_events_pkey" PRIMARY KEY ("conversation_id","sequence")
);

-- AddForeignKey
ALTER TABLE "conversation_events" ADD CONSTRAINT "conversation_events_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
