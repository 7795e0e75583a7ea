package auth

import "context"

// Origin is where a request came from. The API puts it into the context; audit entries carry it.
type Origin struct {
	Request string // the request's id, in the answer's X-Request-Id and in every log line
	Trace   string // W3C trace id, 32 hex digits
	Remote  string // address of the caller, without the port
	Agent   string // User-Agent, cut to 200 bytes
}

type originKey struct{}

// WithOrigin puts the origin into a context.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginFrom returns the request's origin; the zero Origin outside a request.
func OriginFrom(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
