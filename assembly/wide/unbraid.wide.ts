// A file of the wide builds alone; see WIDE in assembly/simd.ts.

// @ts-ignore: decorator
@global
const UNBRAID_WIDE: bool = true;
