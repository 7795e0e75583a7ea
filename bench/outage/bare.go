package outage

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// pair is a certificate that serves both ends of the bare loop.
func pair() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, SessionTicketsDisabled: true}, nil
}

// bare has each of the children open a TLS connection at once and send what it has kept; each is written to a file, synced and answered
// by itself, as each stream's records are committed by themselves. Both ends are in this process. It tells how long all of it took.
func bare(ctx context.Context, dir string, loads [][]byte) (time.Duration, error) {
	config, err := pair()
	if err != nil {
		return 0, err
	}
	f, err := os.Create(filepath.Join(dir, "bare"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	began := time.Now()
	var mu sync.Mutex
	var work sync.WaitGroup
	var failed error
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
	}
	var file sync.Mutex
	take := func(c net.Conn) error {
		defer c.Close()
		var head [4]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return err
		}
		b := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
		file.Lock()
		_, err := f.Write(b)
		err = errors.Join(err, f.Sync())
		file.Unlock()
		if err != nil {
			return err
		}
		_, err = c.Write([]byte{1})
		return err
	}
	work.Go(func() {
		for range loads {
			c, err := ln.Accept()
			if err != nil {
				fail(err)
				return
			}
			work.Go(func() {
				if err := take(c); err != nil {
					fail(err)
				}
			})
		}
	})
	for _, load := range loads {
		work.Go(func() {
			c, err := tls.Dial("tcp", ln.Addr().String(), config)
			if err != nil {
				fail(err)
				_ = ln.Close()
				return
			}
			defer c.Close()
			if _, err := c.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(load))), load...)); err != nil {
				fail(err)
				return
			}
			if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
				fail(err)
			}
		})
	}
	work.Wait()
	took := time.Since(began)
	_ = ln.Close()
	return took, failed
}

// loads are the bytes of what each child has kept while the parent was away.
func loads(p *plan) [][]byte {
	out := make([][]byte, p.Children)
	for i := range out {
		var b bytes.Buffer
		for round := 1; round <= p.Rounds; round++ {
			list, _ := p.round(i, round)
			for _, r := range list {
				b.Write(r)
			}
		}
		out[i] = b.Bytes()
	}
	return out
}
