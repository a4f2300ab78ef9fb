-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "made_by_id" UUID;

-- AlterTable
ALTER TABLE "invitations" ADD COLUMN     "id" UUID NOT NULL DEFAULT gen_random_uuid(),
ADD COLUMN     "revoked_at" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "api_keys_made_by_id_idx" ON "api_keys"("made_by_id");

-- CreateIndex
CREATE UNIQUE INDEX "invitations_id_key" ON "invitations"("id");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_made_by_id_fkey" FOREIGN KEY ("made_by_id") REFERENCES "api_keys"("id") ON DELETE SET NULL ON UPDATE CASCADE;
