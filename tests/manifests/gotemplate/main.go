// Reads JSON lines {template, params, go, options}, writes {result} or {error}, as Argo CD 3.5's utils.Render.Replace.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/gosimple/slug"
	"github.com/valyala/fasttemplate"
	"sigs.k8s.io/yaml"
)

type Case struct {
	Template string         `json:"template"`
	Params   map[string]any `json:"params"`
	Go       bool           `json:"go"`
	Options  []string       `json:"options"`
}

func sanitize(name string) string {
	name = strings.ToLower(name)
	name = regexp.MustCompile("[^-a-z0-9.]").ReplaceAllString(name, "-")
	if len(name) > 253 {
		name = name[:253]
	}
	return strings.Trim(name, "-.")
}
func slugify(args ...any) string {
	maxSize, smart, name := 50, true, ""
	for idx, arg := range args {
		switch idx {
		case len(args) - 1:
			name = arg.(string)
		case 0:
			maxSize = arg.(int)
		case 1:
			smart = arg.(bool)
		}
	}
	slug.EnableSmartTruncate = smart
	slug.MaxLength = maxSize
	return slug.Make(sanitize(name))
}
func toYAML(v any) (string, error) {
	data, err := yaml.Marshal(v)
	return strings.TrimSuffix(string(data), "\n"), err
}
func fromYAML(s string) (map[string]any, error) { m := map[string]any{}; return m, yaml.Unmarshal([]byte(s), &m) }
func fromYAMLArray(s string) ([]any, error)     { a := []any{}; err := yaml.Unmarshal([]byte(s), &a); return a, err }

var templated = regexp.MustCompile(".*{{.*}}.*")

func replace(c Case) (string, error) {
	if c.Go {
		f := sprig.GenericFuncMap()
		delete(f, "env"); delete(f, "expandenv"); delete(f, "getHostByName")
		f["normalize"], f["slugify"], f["toYaml"], f["fromYaml"], f["fromYamlArray"] = sanitize, slugify, toYAML, fromYAML, fromYAMLArray
		t := template.New("base").Funcs(f)
		for _, o := range c.Options {
			t = t.Option(o)
		}
		p, err := t.Parse(c.Template)
		if err != nil {
			return "", err
		}
		var b bytes.Buffer
		err = p.Execute(&b, c.Params)
		return b.String(), err
	}
	if !templated.MatchString(c.Template) {
		return c.Template, nil
	}
	t, err := fasttemplate.NewTemplate(c.Template, "{{", "}}")
	if err != nil {
		return "", err
	}
	return t.ExecuteFuncString(func(w io.Writer, tag string) (int, error) {
		trimmed := strings.TrimSpace(tag)
		r, ok := c.Params[trimmed].(string)
		if trimmed == "" || !ok {
			return fmt.Fprintf(w, "{{%s}}", tag)
		}
		return w.Write([]byte(r))
	}), nil
}

func main() {
	d, e := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	for {
		var c Case
		if d.Decode(&c) != nil {
			return
		}
		r, err := replace(c)
		if err != nil {
			e.Encode(map[string]string{"error": err.Error()})
		} else {
			e.Encode(map[string]string{"result": r})
		}
	}
}
