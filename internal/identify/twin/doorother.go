package twin

import (
	"mime"
	"net/http"
	"strings"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/aasx"
)

// profiles are those of IDTA-01002 that the door serves.
var profiles = []string{
	"https://admin-shell.io/aas/API/3/0/AssetAdministrationShellRepositoryServiceSpecification/SSP-001",
	"https://admin-shell.io/aas/API/3/0/AssetAdministrationShellRepositoryServiceSpecification/SSP-002",
	"https://admin-shell.io/aas/API/3/0/SubmodelRepositoryServiceSpecification/SSP-001",
	"https://admin-shell.io/aas/API/3/0/SubmodelRepositoryServiceSpecification/SSP-002",
	"https://admin-shell.io/aas/API/3/0/ConceptDescriptionRepositoryServiceSpecification/SSP-001",
	"https://admin-shell.io/aas/API/3/0/AssetAdministrationShellRegistryServiceSpecification/SSP-002",
	"https://admin-shell.io/aas/API/3/0/SubmodelRegistryServiceSpecification/SSP-002",
	"https://admin-shell.io/aas/API/3/0/DiscoveryServiceSpecification/SSP-001",
}

// Media types of what travels.
const (
	mediaAASX = "application/asset-administration-shell-package"
	mediaXML  = "application/xml"
	mediaJSON = "application/json"
)

func (d *door) otherRoutes() {
	d.handle("GET /description", func(c *call) (any, error) { return map[string][]string{"profiles": profiles}, nil })
	d.handle("GET /serialization", (*call).serialization)
	d.handle("POST /packages", (*call).importPackage)
}

// ids reads a parameter that may stand several times, or hold several identifiers with commas between.
func (c *call) ids(name string) (out []string, err error) {
	for _, part := range c.URL.Query()[name] {
		for _, s := range strings.Split(part, ",") {
			id, err := identifier("query."+name, s)
			if err != nil {
				return nil, err
			}
			out = append(out, id)
		}
	}
	return out, nil
}

// serialization gathers documents as JSON, XML or AASX, whichever the caller accepts.
func (c *call) serialization() (any, error) {
	shells, err := c.ids("aasIds")
	if err != nil {
		return nil, err
	}
	submodels, err := c.ids("submodelIds")
	if err != nil {
		return nil, err
	}
	concepts, err := c.query("includeConceptDescriptions", "true", "false")
	if err != nil {
		return nil, err
	}
	p, err := c.s.Together(c.Context(), c.scope, shells, submodels, concepts == "true")
	if err != nil {
		return nil, err
	}
	media, packed := accepted(c.Header.Get("Accept"))
	var b []byte
	switch {
	case packed:
		b, err = aasx.Write(p, strings.HasSuffix(media, "+xml"))
		c.w.Header().Set("Content-Disposition", `attachment; filename="twin.aasx"`)
	case media == mediaXML:
		b, err = aas.EnvironmentXML(p.Documents)
	default:
		return aas.Environment(p.Documents), nil
	}
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Content-Type", media)
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(b)
	return done, nil
}

// accepted finds what the caller wants: JSON where it names nothing that is known.
func accepted(header string) (media string, packed bool) {
	for part := range strings.SplitSeq(header, ",") {
		kind, _, err := mime.ParseMediaType(part)
		switch {
		case err != nil:
		case kind == mediaXML || kind == "text/xml":
			return mediaXML, false
		case kind == mediaJSON:
			return mediaJSON, false
		case strings.HasPrefix(kind, mediaAASX) || strings.HasPrefix(kind, "application/aasx"):
			return kind, true
		}
	}
	return mediaJSON, false
}

// importPackage stores an AASX package, or an environment as JSON or XML. With strict=true rules of the metamodel may not be
// broken; without it what is broken is listed.
func (c *call) importPackage() (any, error) {
	strict, err := c.query("strict", "false", "true")
	if err != nil {
		return nil, err
	}
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	p, err := opened(c.Header.Get("Content-Type"), b)
	if err != nil {
		return nil, err
	}
	out, err := c.s.ImportPackage(c.Context(), c.scope, p, Way{Lenient: strict == "false", Reason: clip(c.URL.Query().Get("reason"))})
	if err != nil {
		return nil, err
	}
	return c.created(out, "packages")
}

// opened reads what was handed in by what it is, and by its media type only where that does not tell.
func opened(contentType string, b []byte) (*aasx.Package, error) {
	read := aas.ReadEnvironment
	switch {
	case strings.HasPrefix(string(b[:min(len(b), 4)]), "PK\x03\x04"):
		return aasx.Read(b)
	case strings.HasPrefix(strings.TrimSpace(string(b[:min(len(b), 100)])), "<"):
		read = aas.ReadEnvironmentXML
	case strings.Contains(contentType, "package"):
		return aasx.Read(b)
	}
	docs, err := read(b)
	if err != nil {
		return nil, err
	}
	return &aasx.Package{Documents: docs}, nil
}
