-- English stems, without stop words: they would take "The Who" out of a search, and words such as "will" out of German.
CREATE TEXT SEARCH DICTIONARY "message_stem" (TEMPLATE = snowball, Language = english);

CREATE TEXT SEARCH CONFIGURATION "message_words" (COPY = "pg_catalog"."simple");

ALTER TEXT SEARCH CONFIGURATION "message_words" ALTER MAPPING FOR asciiword WITH "message_stem";

-- The conversation's id is one of the words, so that a search reads no more of the index than what its viewer may see.
-- The expressions are those of src/store/message-search.ts, to the character. Whose write fills the list of what is
-- pending (in KB) moves all of it into the index: the shorter the list, the shorter that one write waits.
CREATE INDEX "messages_search_idx" ON "messages" USING gin ((
    to_tsvector('message_words', regexp_replace(left("content", 100000), '[-_./@:<&\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]', E'\x1f\\&\x1f', 'g'))
    || array_to_tsvector(ARRAY["conversation_id"::text])
)) WITH (gin_pending_list_limit = 1024) WHERE "content" IS NOT NULL;
