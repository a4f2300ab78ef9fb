-- CreateIndex
CREATE INDEX "completions_stored_idx" ON "completions"("requester_id", "id") WHERE (stored);
