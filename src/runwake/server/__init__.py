"""The ASGI application: routes over the use cases of `tracking`. It holds no rule of its own."""
