package twin_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"jingwei/internal/identify/twin"
	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// shells is how many shells the benchmark puts into the store: JINGWEI_TWIN_SHELLS, or 20,000.
func shells(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("JINGWEI_TWIN_SHELLS"))
	if err != nil {
		n = 20_000
	}
	return n
}

// BenchmarkRepository fills a store with shells, each with a submodel of three properties, through the same verbs as the API, and
// measures pages, lookup and a value in it, over HTTP on loopback. It runs once: go test -run xxx -bench Repository -benchtime 1x.
func BenchmarkRepository(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			if only := os.Getenv("JINGWEI_TWIN_ENGINE"); only != "" && only != engine {
				b.Skip("not asked for")
			}
			db := storetest.SQLite
			if engine == "postgres" {
				db = storetest.Postgres
			}
			repository(b, db(b), shells(b))
		})
	}
}

func repository(b *testing.B, db *store.DB, n int) {
	h := open(b, db)
	size := func() int64 {
		var pages, each int64
		if db.Engine() == store.Postgres {
			if err := db.NewSelect().ColumnExpr("pg_database_size(current_database())").Scan(ctx, &pages); err != nil {
				b.Fatal(err)
			}
			return pages
		}
		for name, to := range map[string]*int64{"page_count": &pages, "page_size": &each} {
			if err := db.DB.DB.QueryRow("PRAGMA " + name).Scan(to); err != nil {
				b.Fatal(err)
			}
		}
		return pages * each
	}
	before, start := size(), time.Now()
	const group = 500
	for i := 0; i < n; i += group {
		docs := make([]*aas.Document, 0, 2*group)
		for j := i; j < min(i+group, n); j++ {
			sm := fmt.Sprintf("https://works.example/submodels/nameplate/%09d", j)
			docs = append(docs, doc(b, aas.Shell, fmt.Sprintf(`{"modelType":"AssetAdministrationShell","id":"https://works.example/shells/%09d","idShort":"Pump_%09d","assetInformation":{"assetKind":"Instance","globalAssetId":"https://works.example/assets/%09d","specificAssetIds":[{"name":"serialNumber","value":"SN-%09d"}]},"submodels":[{"type":"ModelReference","keys":[{"type":"Submodel","value":%q}]}]}`, j, j, j, j, sm)),
				doc(b, aas.Submodel, fmt.Sprintf(`{"modelType":"Submodel","id":%q,"idShort":"Nameplate","kind":"Instance","submodelElements":[{"modelType":"Property","idShort":"SerialNumber","valueType":"xs:string","value":"SN-%09d"},{"modelType":"Property","idShort":"YearOfConstruction","valueType":"xs:string","value":"2026"},{"modelType":"Property","idShort":"Mass","valueType":"xs:double","value":"12.5"}]}`, sm, j)))
		}
		if _, err := h.twin.Import(ctx, scope(steel), docs, twin.Way{}); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	b.ReportMetric(float64(n)/took.Seconds(), "shells/s")
	b.ReportMetric(float64(size()-before)/float64(n), "bytes/shell")
	b.Logf("%d shells with a submodel each in %s: %.0f shells/s, %.0f bytes of database for each pair", n, took.Round(time.Millisecond), float64(n)/took.Seconds(), float64(size()-before)/float64(n))
	timed := func(name string, do func(i int)) {
		var all []time.Duration
		for i := range 200 {
			t := time.Now()
			do(i)
			all = append(all, time.Since(t))
		}
		slices.Sort(all)
		b.Logf("%-28s p50 %8s  p99 %8s", name, all[100].Round(time.Microsecond), all[198].Round(time.Microsecond))
		b.ReportMetric(float64(all[100].Microseconds()), name+"-µs")
	}
	get := func(path string) {
		if r := h.call("viewer@steel", "GET", path, nil); r.status != 200 {
			b.Fatalf("%s: %d %s", path, r.status, r.body)
		}
	}
	// Pages of 100: the cursor of page 10,000 (or the last) is found by reading up to it.
	page, cursor, pages := store.Page{Limit: 1000}, "", 0
	for pages = 0; pages < min(1000, n/1000-1); pages++ {
		_, next, err := h.twin.Shells(ctx, scope(steel), twin.Filter{}, page)
		if err != nil {
			b.Fatal(err)
		}
		page.After, cursor = next, next
	}
	timed("first-page-of-100", func(int) { get("/shells?limit=100") })
	timed(fmt.Sprintf("page-%d-of-100", pages*10), func(int) { get("/shells?limit=100&cursor=" + cursor) })
	some := func(i int) int { return (i*7919 + 13) % n }
	timed("lookup-by-serial", func(i int) {
		get("/lookup/shells?assetIds=" + b64(fmt.Sprintf(`{"name":"serialNumber","value":"SN-%09d"}`, some(i))))
	})
	timed("lookup-by-two", func(i int) {
		get("/lookup/shells?assetIds=" + b64(fmt.Sprintf(`{"name":"serialNumber","value":"SN-%09d"}`, some(i))) + "&assetIds=" + b64(fmt.Sprintf(`{"name":"globalAssetId","value":"https://works.example/assets/%09d"}`, some(i))))
	})
	timed("shell-by-id", func(i int) { get("/shells/" + b64(fmt.Sprintf("https://works.example/shells/%09d", some(i)))) })
	timed("element-value", func(i int) {
		get("/submodels/" + b64(fmt.Sprintf("https://works.example/submodels/nameplate/%09d", some(i))) + "/submodel-elements/Mass/$value")
	})
	timed("descriptor", func(i int) {
		get("/shell-descriptors/" + b64(fmt.Sprintf("https://works.example/shells/%09d", some(i))))
	})
	b.ReportMetric(0, "ns/op")
}
