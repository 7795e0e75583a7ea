//go:build !unix

package storetest

import (
	"testing"

	"jingwei/internal/peertest"
)

type cluster struct{}

func shared(t testing.TB) *cluster {
	peertest.Missing(t, "a private PostgreSQL cluster (on Unix only)")
	return nil
}

func (*cluster) url(string) string           { return "" }
func (*cluster) exec(t testing.TB, _ string) {}
