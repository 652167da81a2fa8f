"""The native query API that the web app and scripts use. Station 7."""
