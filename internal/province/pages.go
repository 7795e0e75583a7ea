package province

import (
	"context"
	"net/url"
	"strings"
)

// All reads a list of the API page by page; get reads one.
func All[T any](ctx context.Context, get func(ctx context.Context, path string, out any) error, path string) (out []T, err error) {
	for cursor := ""; ; {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		at := path
		if cursor != "" {
			join := "?"
			if strings.Contains(path, "?") {
				join = "&"
			}
			at += join + "cursor=" + url.QueryEscape(cursor)
		}
		if err := get(ctx, at, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}
