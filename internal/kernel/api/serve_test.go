package api

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
)

func TestListenErrorsNameTheAddressAndTheMend(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, c := range []struct {
		l    Listen
		want []string
	}{
		{Listen{Address: taken.Addr().String(), Plain: true}, []string{taken.Addr().String(), "another program uses this port"}},
		{Listen{Address: "0.0.0.0:0", Plain: true}, []string{"0.0.0.0:0", "plain HTTP is allowed on a loopback address only", "HTTPS"}},
		{Listen{Address: ":8480", Plain: true}, []string{"loopback"}},
		{Listen{Address: "example.com:80", Plain: true}, []string{"loopback"}},
		{Listen{Address: "127.0.0.1", Plain: true}, []string{"host:port"}},
		{Listen{Address: "127.0.0.1:0", Plain: false}, []string{"certificate"}},
		{Listen{Address: "192.0.2.250:0", Plain: false}, []string{"certificate"}},
	} {
		s := newServer(t, Options{Listen: []Listen{{Address: "127.0.0.1:0", Plain: true}, c.l}})
		err := s.Start(context.Background())
		var le *ListenError
		if !errors.As(err, &le) {
			t.Errorf("%+v: %v", c.l, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%+v: %q does not say %q", c.l, err, w)
			}
		}
		if len(s.Addresses()) != 0 {
			t.Error("it listens all the same")
		}
	}
}
