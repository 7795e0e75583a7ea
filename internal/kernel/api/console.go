package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// console serves the built console from memory: its files are embedded, few and never change while the node runs.
type console struct {
	files map[string]*asset
}

type asset struct {
	data      []byte
	media     string
	etag      string
	immutable bool
	once      sync.Once
	packed    []byte // gzip of data, made at first use; nil where it does not pay
}

// media are types that must not depend on the machine's tables.
var media = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".json": "application/json", ".map": "application/json", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".woff": "font/woff", ".txt": "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json", ".wasm": "application/wasm",
}

func newConsole(files fs.FS) (*console, error) {
	c := &console{files: map[string]*asset{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		a := &asset{data: data, media: media[path.Ext(name)], etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		if a.media == "" {
			a.media = mime.TypeByExtension(path.Ext(name))
		}
		if a.media == "" {
			a.media = "application/octet-stream"
		}
		// Vite puts a hash of the content into the name of everything under assets/.
		a.immutable = strings.HasPrefix(name, "assets/")
		c.files[name] = a
		return nil
	})
	if err == nil && c.files["index.html"] == nil {
		err = fmt.Errorf("there is no index.html")
	}
	return c, err
}

// serve answers a file, or index.html for an address inside the console, which routes in the browser. It tells whether
// it answered.
func (c *console) serve(w http.ResponseWriter, r *http.Request) bool {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	a := c.files[name]
	if a == nil {
		if path.Ext(name) != "" || !strings.Contains(r.Header.Get("Accept"), "text/html") && name != "" {
			return false // a missing script must not come as a page
		}
		a = c.files["index.html"]
	}
	h := w.Header()
	h.Set("Content-Type", a.media)
	h.Set("Content-Security-Policy", consolePolicy)
	h.Set("Vary", "Accept-Encoding")
	if a.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body, etag := a.data, a.etag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		if packed := a.pack(); packed != nil {
			body, etag = packed, a.etag[:len(a.etag)-1]+`-gz"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return true
}

func (a *asset) pack() []byte {
	a.once.Do(func() {
		if len(a.data) < minCompress || !strings.HasPrefix(a.media, "text/") && !strings.Contains(a.media, "json") && !strings.Contains(a.media, "svg") {
			return
		}
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		_, err := w.Write(a.data)
		if err == nil && w.Close() == nil && b.Len() < len(a.data)*9/10 {
			a.packed = b.Bytes()
		}
	})
	return a.packed
}
