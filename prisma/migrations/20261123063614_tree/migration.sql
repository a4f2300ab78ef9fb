-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "depth" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "jump_depth" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "jump_id" UUID,
ADD COLUMN     "stem_id" UUID;

-- Skew-binary jump pointers (Myers, "An applicative random-access stack", 1983): where the parent's jump and the jump
-- after that are of one length, the message's own spans both; else it goes to the parent.
CREATE FUNCTION place_message() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  parent record;
BEGIN
  IF NEW.parent_id IS NOT NULL THEN
    -- Whoever has just deleted the parent leaves its own parent in its place.
    SELECT p.id, p.depth, p.jump_id, p.jump_depth, j.jump_id AS next_id, j.jump_depth AS next_depth INTO parent
    FROM messages named
    JOIN messages p ON p.id = CASE WHEN named.deleted_at IS NULL THEN named.id ELSE named.parent_id END
    JOIN messages j ON j.id = p.jump_id
    WHERE named.id = NEW.parent_id;
    NEW.parent_id := parent.id;
  END IF;
  IF NEW.parent_id IS NULL THEN
    NEW.depth := 0;
    NEW.jump_id := NEW.id;
    NEW.jump_depth := 0;
  ELSIF parent.depth - parent.jump_depth = parent.jump_depth - parent.next_depth THEN
    NEW.depth := parent.depth + 1;
    NEW.jump_id := parent.next_id;
    NEW.jump_depth := parent.next_depth;
  ELSE
    NEW.depth := parent.depth + 1;
    NEW.jump_id := parent.id;
    NEW.jump_depth := parent.depth;
  END IF;
  RETURN NEW;
END $$;

-- Those that are there get theirs, from the roots down.
UPDATE "messages" SET "jump_id" = "id";

DO $$
DECLARE
  node record;
BEGIN
  FOR node IN
    WITH RECURSIVE tree AS (
      SELECT id, 0 AS depth, NULL::uuid AS parent_id FROM messages WHERE parent_id IS NULL
      UNION ALL
      SELECT m.id, tree.depth + 1, tree.id FROM tree JOIN messages m ON m.parent_id = tree.id
    ) SELECT * FROM tree WHERE depth > 0 ORDER BY depth
  LOOP
    UPDATE messages m SET depth = node.depth,
      jump_id = CASE WHEN p.depth - p.jump_depth = p.jump_depth - j.jump_depth THEN j.jump_id ELSE p.id END,
      jump_depth = CASE WHEN p.depth - p.jump_depth = p.jump_depth - j.jump_depth THEN j.jump_depth ELSE p.depth END
    FROM messages p JOIN messages j ON j.id = p.jump_id
    WHERE m.id = node.id AND p.id = node.parent_id;
  END LOOP;
END $$;

ALTER TABLE "messages" ALTER COLUMN "depth" DROP DEFAULT,
ALTER COLUMN "jump_depth" DROP DEFAULT,
ALTER COLUMN "jump_id" SET NOT NULL;

CREATE TRIGGER place_message BEFORE INSERT ON "messages" FOR EACH ROW EXECUTE FUNCTION place_message();

-- CreateIndex
CREATE INDEX "messages_conversation_id_id_idx" ON "messages"("conversation_id", "id");

-- CreateIndex
CREATE INDEX "messages_gap_idx" ON "messages"("conversation_id") WHERE (stem_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "messages_standing_idx" ON "messages"("conversation_id") WHERE (role = ANY (ARRAY['SYSTEM'::message_role, 'DEVELOPER'::message_role]));
