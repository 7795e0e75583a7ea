package rest_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/rest"
	"jingwei/internal/identify/handle/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t testing.TB, plain bool) (*handletest.Node, *handletest.Shelf, string) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := handletest.Start(t, server.Config{Holdings: shelf, Operators: []handle.Reference{{Handle: "0.NA/88.1", Index: 301}}}, func(n *handletest.Node) http.Handler {
		return rest.New(rest.Config{Processor: n.Processor, Now: time.Now, Random: rand.Reader, Plain: plain})
	})
	n.Processor.SetSite(n.Site(3))
	return n, shelf, "http://" + n.HTTP().String()
}

var web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func call(t testing.TB, method, url, auth, body string) (int, http.Header, map[string]any, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	resp, err := web.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	json.Unmarshal(text, &answer)
	return resp.StatusCode, resp.Header, answer, string(text)
}

func basic(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}

var administrator = basic("301%3A0.NA/88.1", handletest.Secret)

func TestStatusesByTable(t *testing.T) {
	_, shelf, at := start(t, true)
	shelf.Put("88.1/Pump 泵", handletest.Text(1, "URL", "https://example.org/泵"), handletest.Text(2, "EMAIL", "a@b.c"))
	shelf.Refer("88.2", server.ReferService, "0.SERV/88.2")
	secret := handletest.Text(1, handle.TypeSecretKey, "of a stranger")
	secret.Permissions = handle.AdminRead | handle.AdminWrite
	shelf.Put("88.1/stranger", secret)
	one := `{"values":[{"index":1,"type":"URL","data":{"format":"string","value":"x"}}]}`
	for i, row := range []struct {
		method, path, auth, body string
		status                   int
		code                     float64
	}{
		{"GET", "/api/handles/88.1/pump%20%E6%B3%B5", "", "", 200, 1},
		{"GET", "/api/handles/88.1/pump%20%E6%B3%B5?type=URL&index=2", "", "", 200, 1},
		{"GET", "/api/handles/88.1/pump%20%E6%B3%B5?index=9", "", "", 200, 200},
		{"GET", "/api/handles/88.1/none", "", "", 404, 100},
		{"GET", "/api/handles/88.1", "", "", 400, 102},
		{"GET", "/api/handles/99/x", "", "", 400, 301},
		{"GET", "/api/handles/88.2/x", "", "", 400, 302},
		{"GET", "/api/handles/88.1/x?index=a", "", "", 400, 202},
		{"GET", "/api/handles/0.NA/88.1?index=301", "", "", 401, 402},
		{"GET", "/api/handles/0.NA/88.1?index=301", administrator, "", 200, 1},
		{"GET", "/api/handles/0.NA/88.1?auth", "", "", 401, 402},
		{"GET", "/api/handles/0.NA/88.1", basic("1%3A88.1/stranger", "of a stranger"), "", 200, 1},
		{"GET", "/api/handles/0.NA/88.1?auth", basic("1%3A88.1/stranger", "of a stranger"), "", 403, 400},
		{"PUT", "/api/handles/88.1/new", "", one, 401, 402},
		{"PUT", "/api/handles/88.1/new", basic("301%3A0.NA/88.1", "x"), one, 403, 403},
		{"PUT", "/api/handles/88.1/new", basic("301", "x"), one, 403, 400},
		{"PUT", "/api/handles/88.1/new", administrator, "{", 400, 4},
		{"PUT", "/api/handles/88.1/new", administrator, `[{"index":0,"type":"URL","data":"x"}]`, 400, 202},
		{"PUT", "/api/handles/88.1/new", administrator, `[{"index":1,"type":"HS_ADMIN","data":"x"}]`, 400, 202},
		{"PUT", "/api/handles/88.1/new", administrator, `[{"index":1,"type":"X","data":{"format":"nothing","value":"x"}}]`, 400, 202},
		{"PUT", "/api/handles/88.1/new?overwrite=false", administrator, one, 201, 1},
		{"PUT", "/api/handles/88.1/new?overwrite=false", administrator, one, 409, 101},
		{"PUT", "/api/handles/88.1/new?overwrite=true", administrator, one, 200, 1},
		{"PUT", "/api/handles/88.1/new?index=various&overwrite=false", administrator, one, 409, 201},
		{"PUT", "/api/handles/88.1/new?index=2", administrator, one, 400, 202},
		{"PUT", "/api/handles/88.1/new?index=1", administrator, one, 200, 1},
		{"PUT", "/api/handles/88.1/new?index=5", administrator, `{"index":5,"type":"X","data":{"format":"hex","value":"00ff"}}`, 200, 1},
		{"PUT", "/api/handles/88.1?mintNewSuffix=true", administrator, one, 201, 1},
		{"PUT", "/api/handles/99/x", administrator, one, 400, 301},
		{"DELETE", "/api/handles/88.1/new?index=5", administrator, "", 200, 1},
		{"DELETE", "/api/handles/88.1/new?index=5", administrator, "", 400, 200},
		{"DELETE", "/api/handles/88.1/new", administrator, "", 200, 1},
		{"DELETE", "/api/handles/88.1/new", administrator, "", 404, 100},
		{"GET", "/api/prefixes", administrator, "", 200, 1},
		{"GET", "/api/prefixes", "", "", 401, 402},
		{"GET", "/api/handles?prefix=99", administrator, "", 400, 301},
	} {
		status, header, answer, text := call(t, row.method, at+row.path, row.auth, row.body)
		if status != row.status || answer["responseCode"] != row.code {
			t.Errorf("%d %s %s: %d %s, want %d %v", i, row.method, row.path, status, text, row.status, row.code)
		}
		if header.Get("Access-Control-Allow-Origin") != "*" || status == 401 && len(header.Values("WWW-Authenticate")) != 2 {
			t.Errorf("%d: %v", i, header)
		}
	}
	_, _, _, text := call(t, "GET", at+"/api/handles/88.1/pump%20%E6%B3%B5?index=1", "", "")
	if !strings.HasPrefix(text, `{"responseCode":1,"handle":"88.1/Pump 泵","values":[{"index":1,"type":"URL","data":{"format":"string","value":"https://example.org/泵"},"ttl":86400}`) {
		t.Error(text)
	}
	_, _, _, text = call(t, "GET", at+"/api/handles/0.NA/88.1?type=HS_ADMIN", "", "")
	if !strings.Contains(text, `{"format":"admin","value":{"handle":"0.NA/88.1","index":300,"permissions":"111111111111"}}`) {
		t.Error(text)
	}
	status, header, _, text := call(t, "GET", at+"/api/handles/0.NA/88.1?index=301&callback=f.g", administrator, "")
	if status != 200 || !strings.HasPrefix(text, `/**/f.g({"responseCode":402`) || !strings.HasPrefix(header.Get("Content-Type"), "application/javascript") {
		t.Errorf("JSONP gives away what is not public: %d %s", status, text)
	}
	if status, _, _, _ := call(t, "GET", at+"/api/handles/0.NA/88.1?callback=alert(1)", "", ""); status != 400 {
		t.Errorf("%d", status)
	}
	if status, _, _, _ := call(t, "OPTIONS", at+"/api/handles/88.1/x", "", ""); status != 204 {
		t.Errorf("%d", status)
	}
	if _, _, answer, text := call(t, "GET", at+"/api/site?pretty", "", ""); answer["serialNumber"] != 3.0 || !strings.Contains(text, "\n  ") {
		t.Error(text)
	}
}

func TestSecretsAndChangesNeedHTTPS(t *testing.T) {
	_, _, at := start(t, false)
	if status, _, answer, _ := call(t, "PUT", at+"/api/handles/88.1/x", administrator, "{}"); status != 403 || answer["responseCode"] != 401.0 {
		t.Error(status, answer)
	}
	if status, _, answer, _ := call(t, "GET", at+"/api/handles/0.NA/88.1?index=301", administrator, ""); status != 403 || answer["responseCode"] != 403.0 {
		t.Error(status, answer)
	}
}

func TestPages(t *testing.T) {
	_, shelf, at := start(t, true)
	for i := range 25 {
		shelf.Put(handle.Name(fmt.Sprintf("88.1/%02d", i)), handletest.Text(1, "URL", "x"))
	}
	for query, want := range map[string]int{"&page=0&pageSize=10": 10, "&page=2&pageSize=10": 5, "&page=9&pageSize=10": 0, "&page=0&pageSize=0": 0, "": 25, "&page=-1&pageSize=-1": 25} {
		status, _, answer, text := call(t, "GET", at+"/api/handles?prefix=88.1"+query, administrator, "")
		handles, _ := answer["handles"].([]any)
		if status != 200 || answer["totalCount"] != 25.0 || len(handles) != want {
			t.Errorf("%s: %d %s", query, status, text)
		}
		if query == "&page=2&pageSize=10" && handles[0] != "88.1/20" {
			t.Error(text)
		}
	}
}

func TestSessionsTakeOneProof(t *testing.T) {
	_, _, at := start(t, true)
	status, _, session, _ := call(t, "POST", at+"/api/sessions", "", "")
	id, _ := session["sessionId"].(string)
	nonce, err := base64.StdEncoding.DecodeString(session["nonce"].(string))
	if status != 201 || err != nil || session["authenticated"] != false {
		t.Fatal(status, session)
	}
	cnonce := []byte("client nonce")
	digest := sha256.Sum256(append(bytes.Clone(nonce), cnonce...))
	signature, err := rsa.SignPKCS1v15(nil, handletest.RSAKey(), crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	proof := fmt.Sprintf(`Handle sessionId="%s", cnonce="%s", id="300%%3A0.NA/88.1", type="HS_PUBKEY", alg="SHA256", signature="%s"`,
		id, base64.StdEncoding.EncodeToString(cnonce), base64.StdEncoding.EncodeToString(signature))
	bare := `Handle sessionId="` + id + `"`
	one := `[{"index":1,"type":"URL","data":"x"}]`
	if status, _, _, text := call(t, "PUT", at+"/api/handles/88.1/a", bare, one); status != 401 {
		t.Error(status, text)
	}
	if status, _, answer, text := call(t, "PUT", at+"/api/sessions/this", proof, ""); status != 200 || answer["authenticated"] != true || answer["id"] != "300:0.NA/88.1" {
		t.Error(status, text)
	}
	if status, _, _, text := call(t, "PUT", at+"/api/handles/88.1/a", bare, one); status != 201 {
		t.Error(status, text)
	}
	if status, _, _, text := call(t, "PUT", at+"/api/handles/88.1/b", proof, one); status != 403 {
		t.Error("the same proof twice:", status, text)
	}
	if status, _, _, _ := call(t, "DELETE", at+"/api/sessions/this", bare, ""); status != 204 {
		t.Error(status)
	}
	if status, _, _, text := call(t, "PUT", at+"/api/handles/88.1/c", bare, one); status != 401 {
		t.Error(status, text)
	}
}

// TestWhatIsReadCanBeWritten puts values of every format and reads the same.
func TestWhatIsReadCanBeWritten(t *testing.T) {
	_, shelf, at := start(t, true)
	n := handle.Site{DataVersion: 1, Version: handle.NewestVersion, Serial: 2, Primary: true, Hash: handle.HashBySuffix}
	vlist := handletest.Text(4, handle.TypeVList, "")
	vlist.Data = handle.AppendVList(nil, []handle.Reference{{Handle: "0.NA/88.1", Index: 300}})
	site := handletest.Text(5, handle.TypeSite, "")
	site.Data = handle.AppendSite(nil, n)
	binary := handletest.Text(6, "BIN", "\xff\x00")
	binary.TTL = handle.TTL{Absolute: true, Seconds: 1_800_000_000}
	binary.Permissions = handle.AdminRead | handle.PublicRead
	never := handletest.Text(7, "CTL", "\x01A")
	never.TTL = handle.TTL{}
	binary.References = []handle.Reference{{Handle: "88.1/r", Index: 1}}
	all := []handle.Value{handletest.Text(1, "URL", "泵"), handletest.AdminValue(2, handle.AllButPrefixRights, "0.NA/88.1", 300),
		handletest.KeyValue(3, &handletest.RSAKey().PublicKey), vlist, site, binary, never}
	shelf.Put("88.1/from", all...)
	_, _, _, text := call(t, "GET", at+"/api/handles/88.1/from", "", "")
	if status, _, _, answer := call(t, "PUT", at+"/api/handles/88.1/to", administrator, text); status != 201 {
		t.Fatal(status, answer)
	}
	record, _ := shelf.Append(nil, []byte("88.1/TO"))
	_, values, err := handle.DecodeRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	for i := range values {
		values[i].Time = 0
	}
	if got, want := handle.AppendValues(nil, values), handle.AppendValues(nil, all); !bytes.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", values, all)
	}
}

func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"values":[{"index":1,"type":"URL","data":{"format":"string","value":"x"},"ttl":"2026-01-01T00:00:00Z","permissions":"1111"}]}`))
	f.Add([]byte(`[{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"handle":"0.NA/88.1","index":300,"permissions":"011111110011"}}}]`))
	f.Add([]byte(`[{"index":1,"type":"HS_SITE","data":{"format":"site","value":{"protocolVersion":"2.11","servers":[{"address":"10.0.0.1","publicKey":{"format":"key","value":{"kty":"RSA","n":"AQAB","e":"AQAB"}},"interfaces":[{"protocol":"TCP","port":2641}]}]}}}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := rest.ParseValues(b)
		if err != nil {
			return
		}
		handle.CheckValues("88.1/x", values)
	})
}

// TestALargeRecordGoesThrough puts and reads a record of 200,000 bytes, which in JSON is longer than a message may be.
func TestALargeRecordGoesThrough(t *testing.T) {
	_, shelf, at := start(t, true)
	large := strings.Repeat("\\u6cf5", 66_000) // 泵, six bytes in the body for three in the record
	status, _, _, text := call(t, "PUT", at+"/api/handles/88.1/large", administrator, `[{"index":1,"type":"DATA","data":"`+large+`"}]`)
	if status != 201 {
		t.Fatal(status, text)
	}
	record, ok := shelf.Append(nil, []byte("88.1/LARGE"))
	if !ok || len(record) < 198_000 {
		t.Errorf("%d bytes", len(record))
	}
	status, _, _, text = call(t, "PUT", at+"/api/handles/88.1/larger", administrator, `[{"index":1,"type":"DATA","data":"`+strings.Repeat("x", 300_000)+`"}]`)
	if status != 400 || !strings.Contains(text, "at most") {
		t.Error(status, text)
	}
}
