// The fields of a message, each read as what it should be: what does not fit is empty or NaN, what is too long is cut.
export type Fields = Record<string, unknown>;

export const maxListed = 64;
export const fields = (v: unknown): Fields => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Fields) : {});
export const list = (v: unknown): unknown[] => (Array.isArray(v) ? v.slice(0, maxListed) : []);
export const text = (v: unknown): string => (typeof v === "string" ? v.slice(0, 600) : "");
export const number = (v: unknown): number => (typeof v === "number" && Number.isFinite(v) ? v : NaN);
export const count = (v: unknown): number => (typeof v === "number" && Number.isFinite(v) && v >= 0 ? v : 0);
/** Whether it can be the id of a device or a camera. */
export const isId = (id: string): boolean => /^[a-z0-9-]{1,64}$/.test(id);
