package resolver

import "html/template"

// page shows a linkset to people, without scripts and styles of others.
var page = template.Must(template.New("links").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1rem;margin:1.5rem 0 .2rem}p,ul{margin:.2rem 0}code{overflow-wrap:anywhere}small{opacity:.75}</style></head>
<body><h1>{{.Title}}</h1>
{{range .Sets}}<h2>{{.Name}}</h2><p><code>{{.Anchor}}</code></p><ul>
{{range .Links}}<li><a href="{{.Href}}" rel="noopener noreferrer">{{.Title}}</a> <small>{{.Note}}</small></li>
{{end}}</ul>{{end}}</body></html>
`))

type pageSet struct {
	Name, Anchor string
	Links        []pageLink
}

type pageLink struct{ Href, Title, Note string }
