package region

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"
)

// session is somebody who runs a node, signed in: what concerns the node itself is done by people, and tokens are refused.
type session struct {
	*Client
}

// enter uses a door up.
func enter(ctx context.Context, a Access) (*session, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &session{&Client{Base: a.URL, person: &http.Client{Timeout: time.Minute, Jar: jar}}}
	return s, s.post(ctx, "/session/link", object{"token": strings.TrimSpace(a.Door)}, nil)
}

// leave signs out, also where the work was ended.
func (s *session) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.do(ctx, http.MethodDelete, "/session", nil, nil)
}
