/**
 * What a run leaves: receipts and their replay, checkpoints, safetensors, and all files of a run as a map of paths to
 * bytes.
 *
 * @module unbraid/record
 */

export type { Chain, ChainHead, CustomHead, Link } from '../record/chain.ts';
export { type Checkpoint, type CheckpointFiles, packCheckpoint, unpackCheckpoint } from '../record/checkpoint.ts';
export type { Json, JsonRecord } from '../record/json.ts';
export { firstDifference, type Receipt, type ReceiptDifference } from '../record/receipt.ts';
export { encodeReceipt, parseReceipt, type ReceiptFile } from '../record/receiptFile.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  type SafetensorsFile,
  type TensorValues,
} from '../record/safetensors.ts';
export {
  type FieldHashes,
  type ReplayedCheckpoint,
  type ReplayedRecords,
  type ReplayOptions,
  type ReplayRecordsOptions,
  replay,
  replayRecords,
} from '../train/replay.ts';
export { type RunFiles, type RunRecorder, recordRun } from '../train/runFiles.ts';
