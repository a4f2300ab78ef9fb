-- What was asked in conversations that are deleted already: from now on, deleting takes it away.
UPDATE "completions" SET "parameters" = '{}', "metadata" = '[]', "attempts" = '[]', "error" = NULL WHERE "deleted_at" IS NOT NULL;

DELETE FROM "answer_log" USING "completions" WHERE "completions"."id" = "completion_id" AND "deleted_at" IS NOT NULL AND "finished_at" IS NOT NULL;
