-- AlterTable
ALTER TABLE "completions" ADD COLUMN     "question_ids" UUID[] DEFAULT ARRAY[]::UUID[];
