import { Notice } from "./Notice";

/** A page that can't be shown: what happened, and what goes on. */
export function ErrorNotice({ error }: { error: Error }) {
  return (
    <Notice title="This page could not be loaded">
      <p role="alert">{error.message}</p>
      <p>Nothing that was logged is lost: training goes on and is sent when the server is back.</p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        Load again
      </button>
    </Notice>
  );
}
