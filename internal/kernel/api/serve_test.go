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
		{Listen{taken.Addr().String(), true}, []string{taken.Addr().String(), "another program uses this port"}},
		{Listen{"0.0.0.0:0", true}, []string{"0.0.0.0:0", "plain HTTP is allowed on a loopback address only", "HTTPS"}},
		{Listen{":8480", true}, []string{"loopback"}},
		{Listen{"example.com:80", true}, []string{"loopback"}},
		{Listen{"127.0.0.1", true}, []string{"host:port"}},
		{Listen{"127.0.0.1:0", false}, []string{"certificate"}},
		{Listen{"192.0.2.250:0", false}, []string{"certificate"}},
	} {
		s := newServer(t, Options{Listen: []Listen{{"127.0.0.1:0", true}, c.l}})
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
