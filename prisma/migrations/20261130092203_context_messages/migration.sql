-- AlterTable
ALTER TABLE "completions" ADD COLUMN     "context_message_ids" UUID[] DEFAULT ARRAY[]::UUID[];

-- A report had the ids of all its messages. Now it has their number, and the newest, which it lists, are in a column of their own.
UPDATE "completions" SET
  "context_message_ids" = (
    SELECT coalesce(array_agg(newest.id ORDER BY newest.place), '{}') FROM (
      SELECT id::uuid, place FROM jsonb_array_elements_text("context" -> 'messageIds') WITH ORDINALITY AS listed(id, place)
      ORDER BY place DESC LIMIT 200
    ) newest
  ),
  "context" = ("context" - 'messageIds') || jsonb_build_object('messagesCount', jsonb_array_length("context" -> 'messageIds'))
WHERE "context" ? 'messageIds';
