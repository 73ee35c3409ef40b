class RemoteMonitor:
    """Keras' RemoteMonitor: posts the values of every epoch to a server.

    They are sent as JSON, or with `field` as that field of a form.
    """

    def __init__(
        self, url: str, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.url, self.field = url, field
        kind = "json" if field is None else "x-www-form-urlencoded"
        self.headers = {"Content-Type": f"application/{kind}", **(headers or {})}

    def send(self, epoch: int, logs: dict[str, float]) -> None:
        """Post the values of an epoch; whether that succeeds changes no training."""
        try:
            # Only a form may hold NaN, which is no JSON.
            form = self.field is not None
            text = json.dumps({"epoch": epoch, **logs}, allow_nan=form)
            body = urlencode({self.field: text}) if form else text
            request = Request(self.url, body.encode(), self.headers)
            urlopen(request, timeout=5).close()
        except HTTPError:
            pass  # it was reached, and did not like what it got
        except (OSError, ValueError, HTTPException) as error:
            warnings.warn(f"{self.url} got nothing: {error}", stacklevel=2)
