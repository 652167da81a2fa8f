import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../api/client";
import { TopBar } from "./TopBar";

/** Exchanges an API key for a session, then shows the page that was asked for. */
export function SignInPage() {
  const [key, setKey] = useState("");
  const cache = useQueryClient();
  const signIn = useMutation({
    mutationFn: (api_key: string) => unwrap(client.POST("/api/v1/session", { body: { api_key } })),
    onSuccess: () => cache.resetQueries(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(key.trim());
  };
  return (
    <div className="page">
      <TopBar />
      <main className="page__body">
        <form className="sign-in" onSubmit={submit}>
          <h1>Sign in</h1>
          <p className="muted">
            This server asks for an API key. On the machine that it runs on,{" "}
            <code className="mono">runwake server new-key</code> makes one.
          </p>
          <label htmlFor="api-key">API key</label>
          <div className="field" data-invalid={signIn.isError}>
            <input
              id="api-key"
              className="mono"
              type="password"
              autoComplete="current-password"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          </div>
          {signIn.error !== null && (
            <p className="field-problem" role="alert">
              {signIn.error.message}
            </p>
          )}
          <button
            className="button button--primary"
            type="submit"
            disabled={key.trim().length < 8 || signIn.isPending}
          >
            Sign in
          </button>
        </form>
      </main>
    </div>
  );
}
