class AdaptiveEqualization(nn.Module):
    """Equalize images (N, C, H, W) tile by tile, with a limit to the contrast.

    The tables of the four nearest tiles are interpolated at every pixel.
    """

    def __init__(
        self,
        value_range: tuple[float, float],
        clip_limit: float,
        tiles: tuple[int, int],
    ) -> None:
        super().__init__()
        self.value_range, self.clip_limit, self.tiles = value_range, clip_limit, tiles

    def forward(self, images: Tensor) -> Tensor:
        n, channels, height, width = images.shape
        pixels = in_range(images, self.value_range, (0, 255))
        sizes = [-(-s // t) for s, t in zip((height, width), self.tiles)]
        for dim, (size, tiles) in enumerate(zip(sizes, self.tiles), 2):
            mirrored = pixels.narrow(dim, 0, pixels.shape[dim]).flip(dim)
            missing = size * tiles - pixels.shape[dim]
            pixels = torch.cat([pixels, mirrored.narrow(dim, 0, missing)], dim)
        pixels = pixels.clamp(0, 255).long()

        rows, columns = self.tiles
        tiled = pixels.view(n, channels, rows, sizes[0], columns, sizes[1])
        tables = self.tables(tiled.transpose(3, 4).flatten(4), images.dtype)
        tables = F.pad(tables.flatten(0, 1).permute(0, 3, 1, 2), (1,) * 4, "replicate")
        tables = tables.permute(0, 2, 3, 1).flatten()

        image = torch.arange(n * channels, device=images.device)[:, None, None]
        (top, bottom, down), (left, right, across) = (
            self.neighbours(size, tiles, images)
            for size, tiles in zip(sizes, self.tiles)
        )
        pixels = pixels.flatten(0, 1)

        def table_value(row: Tensor, column: Tensor) -> Tensor:
            tile = (image * (rows + 2) + row[:, None]) * (columns + 2) + column
            return tables[tile * 256 + pixels]

        upper = table_value(top, left).lerp(table_value(top, right), across)
        lower = table_value(bottom, left).lerp(table_value(bottom, right), across)
        result = upper.lerp(lower, down[:, None].expand_as(upper))
        result = result.view(n, channels, *result.shape[1:])[:, :, :height, :width]
        return in_range(result, (0, 255), self.value_range)

    def tables(self, tiles: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the new value of each of 256 values, for tiles (..., pixels)."""
        counts = torch.zeros(*tiles.shape[:-1], 256, dtype=dtype, device=tiles.device)
        counts.scatter_add_(-1, tiles, torch.ones_like(tiles, dtype=dtype))
        area = tiles.shape[-1]
        if self.clip_limit > 0:
            clipped = counts.clamp(max=self.clip_limit * area / 256)
            counts = clipped + (counts - clipped).sum(-1, keepdim=True) / 256
        below = counts.cumsum(-1)
        least = below[..., :1]
        spread = area - least
        table = (below - least) * 255 / torch.where(spread == 0, 1, spread)
        return table.clamp(0, 255)

    def neighbours(
        self, size: int, tiles: int, images: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the tiles before and after each pixel, and how near the second is."""
        place = torch.arange(size * tiles, dtype=images.dtype, device=images.device)
        place = (place - size / 2) / size + 1  # tile 0 repeats the first
        before = place.floor()
        return before.long(), before.long() + 1, place - before
