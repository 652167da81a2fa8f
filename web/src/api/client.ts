/** The typed client, and the one shape of its errors. */

import createClient from "openapi-fetch";
import type { paths } from "./schema";

/** An answer of 400 and above, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export const client = createClient<paths>({ baseUrl: "/" });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; throws `ApiError` with the server's own words otherwise. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server does not answer. Trying again.");
  }
  const { data, error, response } = answer;
  if (!response.ok) {
    const body = errorBody(error);
    throw new ApiError(
      response.status,
      body?.code ?? "error",
      body?.message ?? `The server answered ${response.status} ${response.statusText}.`,
    );
  }
  return data as T;
}

function errorBody(error: unknown): { code: string; message: string } | null {
  if (typeof error !== "object" || error === null || !("error" in error)) return null;
  const body = error.error;
  if (typeof body !== "object" || body === null) return null;
  const { code, message } = body as { code?: unknown; message?: unknown };
  return typeof code === "string" && typeof message === "string" ? { code, message } : null;
}

/** Where the bytes of a blob are. */
export function blobUrl(entity: string, project: string, digest: string): string {
  const [e, p, d] = [entity, project, digest].map(encodeURIComponent);
  return `/api/v1/blobs/${e}/${p}/${d}`;
}
