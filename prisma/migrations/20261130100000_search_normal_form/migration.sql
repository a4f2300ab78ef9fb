-- Words in Unicode's normal form NFC, so that an accented letter is found however it was written. The expressions are those
-- of src/store/message-search-sql.ts, to the character. A search looks into the index many times, and each time through
-- the list of what is pending: so the list is as short as it can be (64 KB).
DROP INDEX "messages_search_idx";

CREATE INDEX "messages_search_idx" ON "messages" USING gin ((
    to_tsvector('message_words', regexp_replace(normalize(left("content", 100000), NFC), '[-_./@:<&\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]', E'\x1f\\&\x1f', 'g'))
    || array_to_tsvector(ARRAY["conversation_id"::text])
)) WITH (gin_pending_list_limit = 64) WHERE "content" IS NOT NULL;
