import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { Notice } from "../ui/Notice";
import { SearchBox } from "../ui/SearchBox";
import { TopBar } from "./TopBar";

/** An address that leads nowhere. Below a project, its own bar is there already. */
export function NotFoundPage({ what = "There is nothing at this address" }: { what?: string }) {
  const [text, setText] = useState("");
  const navigate = useNavigate();
  return (
    <Notice title={what}>
      <p>It may have been renamed or deleted. A project is at /owner/name:</p>
      <form
        className="not-found__form"
        onSubmit={(event) => {
          event.preventDefault();
          if (text !== "") navigate(`/${text.replace(/^\/+/, "")}`);
        }}
      >
        <SearchBox label="owner/name" value={text} onChange={setText} />
        <Link className="button" to="/">
          All projects
        </Link>
      </form>
    </Notice>
  );
}

export function NotFoundRoute() {
  return (
    <div className="page">
      <TopBar />
      <main className="page__body">
        <NotFoundPage />
      </main>
    </div>
  );
}
