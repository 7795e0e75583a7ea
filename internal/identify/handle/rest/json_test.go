package rest

import (
	"encoding/json"
	"testing"

	"jingwei/internal/identify/handle"
)

// TestJSONOfCNRI compares with what CNRI's client 9.3.1 writes for the same values (GsonUtility.getGson().toJson).
func TestJSONOfCNRI(t *testing.T) {
	day := handle.DefaultTTL
	admin := handle.AppendAdmin(nil, handle.Admin{Rights: handle.AllButPrefixRights, Reference: handle.Reference{Handle: "0.NA/88.1", Index: 300}})
	for _, row := range []struct {
		value handle.Value
		want  string
	}{
		{handle.Value{Index: 100, Type: "HS_ADMIN", Data: admin, TTL: day, Permissions: handle.DefaultPermissions},
			`{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"handle":"0.NA/88.1","index":300,"permissions":"111111110011"}},"ttl":86400}`},
		{handle.Value{Index: 200, Type: "HS_VLIST", Data: handle.AppendVList(nil, []handle.Reference{{Handle: "0.NA/88.1", Index: 300}}), TTL: day, Permissions: handle.DefaultPermissions},
			`{"index":200,"type":"HS_VLIST","data":{"format":"vlist","value":[{"handle":"0.NA/88.1","index":300}]},"ttl":86400}`},
		{handle.Value{Index: 5, Type: "BIN", Data: []byte{0xff, 0}, TTL: handle.TTL{Absolute: true, Seconds: 1_800_000_000}, Time: 1_700_000_000, Permissions: 12, References: []handle.Reference{{Handle: "0.NA/88.1", Index: 300}}},
			`{"index":5,"type":"BIN","data":{"format":"base64","value":"/wA="},"permissions":"1100","ttl":"2027-01-15T08:00:00Z","timestamp":"2023-11-14T22:13:20Z","references":[{"handle":"0.NA/88.1","index":300}]}`},
		{handle.Value{Index: 8, Type: "EMPTY", Permissions: handle.DefaultPermissions}, `{"index":8,"type":"EMPTY","data":{"format":"string","value":""},"ttl":0}`},
		{handle.Value{Index: 9, Type: "CTL", Data: []byte{1, 2, 65}, TTL: day, Permissions: handle.DefaultPermissions}, `{"index":9,"type":"CTL","data":{"format":"base64","value":"AQJB"},"ttl":86400}`},
	} {
		if got, err := json.Marshal(valueOf(row.value)); err != nil || string(got) != row.want {
			t.Errorf("%s\nwant\n%s %v", got, row.want, err)
		}
	}
	site := handle.Site{DataVersion: 1, Version: handle.NewestVersion, Serial: 3, MultiPrimary: true, Hash: handle.HashBySuffix, HashFilter: "f", Attributes: []handle.Attribute{{Name: "desc", Value: "三"}}}
	want := `{"version":1,"protocolVersion":"2.11","serialNumber":3,"primarySite":false,"multiPrimary":true,"hashOption":1,"hashFilter":"f","attributes":[{"name":"desc","value":"三"}],"servers":[]}`
	if got, err := json.Marshal(siteOf(site)); err != nil || string(got) != want {
		t.Errorf("%s\nwant\n%s %v", got, want, err)
	}
}
