// helm_template renders a chart as `helm template` does, as far as our chart
// goes: no dependencies, no hooks, no cluster to look anything up in. Debian 12
// has no Helm; it has Go's templates, Sprig and the YAML library that Helm is
// made of, so what a template means is decided by the same code.
//
// Where Helm is lenient this is as well, and on purpose not stricter: a missing
// value is empty text, and YAML that does not parse is an error.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/ioutil"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/semver"
	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type values = map[string]interface{}

// chart is a chart's folder, read. Paths are relative to it.
type chart struct {
	metadata  metadata
	values    values
	templates map[string]string
	files     files
}

// metadata has the fields that templates know as .Chart.
type metadata struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	AppVersion  string `json:"appVersion"`
	KubeVersion string `json:"kubeVersion"`
	Description string `json:"description"`
	Type        string `json:"type"`
}

// files are what a chart has beside its templates, known as .Files.
type files map[string]string

func (f files) Get(name string) string { return f[name] }

// apiVersions are what .Capabilities.APIVersions.Has is asked for.
type apiVersions []string

func (a apiVersions) Has(version string) bool {
	for _, known := range a {
		if known == version {
			return true
		}
	}
	return false
}

type kubeVersion struct{ Version, Major, Minor string }

func (k kubeVersion) String() string { return k.Version }

// Helm's order of installation. Other kinds come behind, by their names.
var installOrder = strings.Fields(`PriorityClass Namespace NetworkPolicy
	ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget
	ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume
	PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleList
	ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding
	RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet
	Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass
	Ingress APIService`)

func main() {
	log.SetFlags(0)
	log.SetPrefix("helm_template: ")
	var valueFiles, settings list
	name := flag.String("name", "release-name", "the release")
	namespace := flag.String("namespace", "default", "its namespace")
	kubernetes := flag.String("kube-version", "v1.32.0", "the cluster's version")
	show := flag.String("show", "manifests", "manifests, notes, or values: "+
		"what the schema is asked about, as JSON")
	flag.Var(&valueFiles, "f", "a file of values; may be repeated")
	flag.Var(&settings, "set", "KEY.KEY=VALUE; may be repeated")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("name one chart")
	}

	c, err := load(flag.Arg(0))
	check(err)
	given, err := userValues(valueFiles, settings)
	check(err)
	merged := coalesce(given, c.values)
	if *show == "values" {
		check(json.NewEncoder(os.Stdout).Encode(merged))
		return
	}
	capabilities, err := c.capabilities(*kubernetes)
	check(err)
	rendered, err := c.render(values{
		"Chart":        c.metadata,
		"Files":        c.files,
		"Values":       merged,
		"Capabilities": capabilities,
		"Release": values{
			"Name": *name, "Namespace": *namespace, "Service": "Helm",
			"IsInstall": true, "IsUpgrade": false, "Revision": 1,
		},
	})
	check(err)
	if *show == "notes" {
		fmt.Print(rendered["templates/NOTES.txt"])
		return
	}
	check(print(c.metadata.Name, rendered))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(item string) error {
	*l = append(*l, item)
	return nil
}

func load(folder string) (*chart, error) {
	c := &chart{templates: map[string]string{}, files: files{}}
	ignored := regexp.MustCompile(`^$`)
	if text, err := ioutil.ReadFile(filepath.Join(folder, ".helmignore")); err == nil {
		// Names of folders are all that ours has.
		var names []string
		for _, line := range strings.Split(string(text), "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				names = append(names, regexp.QuoteMeta(line))
			}
		}
		ignored = regexp.MustCompile(`^(` + strings.Join(names, "|") + `)`)
	}
	err := walk(folder, "", func(path string, text []byte) error {
		switch {
		case ignored.MatchString(path):
			return nil
		case path == "Chart.yaml":
			return yaml.UnmarshalStrict(text, &struct {
				*metadata
				APIVersion string   `json:"apiVersion"`
				Keywords   []string `json:"keywords"`
			}{metadata: &c.metadata})
		case path == "values.yaml":
			return yaml.UnmarshalStrict(text, &c.values)
		case path == "values.schema.json":
			return nil
		case strings.HasPrefix(path, "templates/"):
			c.templates[path] = string(text)
		default:
			c.files[path] = string(text)
		}
		return nil
	})
	return c, err
}

// walk calls `visit` with each file. It follows symbolic links, as Helm does.
func walk(folder, prefix string, visit func(string, []byte) error) error {
	entries, err := ioutil.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		status, err := os.Stat(path)
		if err != nil {
			return err
		}
		if status.IsDir() {
			if err := walk(path, prefix+entry.Name()+"/", visit); err != nil {
				return err
			}
			continue
		}
		text, err := ioutil.ReadFile(path)
		if err != nil {
			return err
		}
		if err := visit(prefix+entry.Name(), text); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func userValues(paths, settings []string) (values, error) {
	all := values{}
	for _, path := range paths {
		text, err := ioutil.ReadFile(path)
		if err != nil {
			return nil, err
		}
		one := values{}
		if err := yaml.Unmarshal(text, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = overlay(all, one)
	}
	for _, setting := range settings {
		// Helm's further syntax would be taken for a value here.
		parts := strings.SplitN(setting, "=", 2)
		if len(parts) != 2 || strings.ContainsAny(setting, `[]{},\`) {
			return nil, fmt.Errorf("-set %s: only KEY.KEY=VALUE is known here", setting)
		}
		keys := strings.Split(parts[0], ".")
		var value interface{} = scalar(parts[1])
		for i := len(keys) - 1; i >= 0; i-- {
			value = values{keys[i]: value}
		}
		all = overlay(all, value.(values))
	}
	return all, nil
}

func scalar(text string) interface{} {
	switch text {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (text == "0" || text[0] != '0') {
		return number
	}
	return text
}

// overlay puts one set of the user's values over another. A null stays: it takes
// away what the chart has.
func overlay(below, above values) values {
	for key, value := range above {
		table, ok := value.(values)
		if under, is := below[key].(values); ok && is {
			below[key] = overlay(under, table)
		} else {
			below[key] = value
		}
	}
	return below
}

// coalesce fills in the chart's defaults.
func coalesce(given, defaults values) values {
	for key, value := range defaults {
		own, is := given[key]
		table, isTable := value.(values)
		switch {
		case is && own == nil:
			delete(given, key)
		case is && isTable:
			if ownTable, ok := own.(values); ok {
				given[key] = coalesce(ownTable, table)
			}
		case !is && isTable:
			given[key] = coalesce(values{}, table)
		case !is && value != nil:
			given[key] = value
		}
	}
	return given
}

func (c *chart) capabilities(kubernetes string) (values, error) {
	version, err := semver.NewVersion(kubernetes)
	if err != nil {
		return nil, err
	}
	if c.metadata.KubeVersion != "" {
		wanted, err := semver.NewConstraint(c.metadata.KubeVersion)
		if err != nil {
			return nil, err
		}
		if !wanted.Check(version) {
			return nil, fmt.Errorf("chart requires kubeVersion: %s which is "+
				"incompatible with Kubernetes %s", c.metadata.KubeVersion, kubernetes)
		}
	}
	return values{
		"APIVersions": apiVersions{"v1", "apps/v1"},
		"KubeVersion": kubeVersion{kubernetes,
			fmt.Sprint(version.Major()), fmt.Sprint(version.Minor())},
	}, nil
}

// functions are those of Helm that templates have beside Go's own.
func functions(t *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, name)
	}
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["fromYaml"] = func(text string) values {
		table := values{}
		if err := yaml.Unmarshal([]byte(text), &table); err != nil {
			table["Error"] = err.Error()
		}
		return table
	}
	all["fromYamlArray"] = func(text string) []interface{} {
		array := []interface{}{}
		if err := yaml.Unmarshal([]byte(text), &array); err != nil {
			array = []interface{}{err.Error()}
		}
		return array
	}
	all["toJson"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	all["lookup"] = func(...string) values { return values{} }
	all["required"] = func(complaint string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", complaint)
		}
		return value, nil
	}
	all["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := t.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["tpl"] = func(text string, data interface{}) (string, error) {
		inner, err := t.Clone()
		if err != nil {
			return "", err
		}
		// A clone forgets its option, and its `include` would be ours.
		inner.Option("missingkey=zero").Funcs(functions(inner))
		if inner, err = inner.New("tpl").Parse(text); err != nil {
			return "", err
		}
		var out bytes.Buffer
		err = inner.Execute(&out, data)
		return withoutNothing(out.String()), err
	}
	return all
}

// withoutNothing takes out what Go writes for a value that is not there.
func withoutNothing(text string) string {
	return strings.ReplaceAll(text, "<no value>", "")
}

// render returns the text of each template but those that are only included.
func (c *chart) render(data values) (map[string]string, error) {
	t := template.New("chart").Option("missingkey=zero")
	t.Funcs(functions(t))
	for path, text := range c.templates {
		if _, err := t.New(path).Parse(text); err != nil {
			return nil, err
		}
	}
	rendered := map[string]string{}
	for path := range c.templates {
		if strings.HasPrefix(filepath.Base(path), "_") {
			continue
		}
		data["Template"] = values{"Name": c.metadata.Name + "/" + path,
			"BasePath": c.metadata.Name + "/templates"}
		var out bytes.Buffer
		if err := t.ExecuteTemplate(&out, path, data); err != nil {
			return nil, err
		}
		rendered[path] = withoutNothing(out.String())
	}
	return rendered, nil
}

var separator = regexp.MustCompile(`(?m)^---[ \t]*`)

type manifest struct {
	path, kind, text string
	rank             int
}

// print writes the objects in the order of their installation.
func print(chart string, rendered map[string]string) error {
	var all []manifest
	for path, text := range rendered {
		if filepath.Base(path) == "NOTES.txt" {
			continue
		}
		for _, document := range separator.Split(text, -1) {
			document = strings.TrimSpace(document)
			if document == "" {
				continue
			}
			head := struct{ Kind string }{}
			if err := yaml.Unmarshal([]byte(document), &head); err != nil {
				return fmt.Errorf("YAML parse error on %s: %w\n%s", path, err, document)
			}
			rank := len(installOrder)
			for i, kind := range installOrder {
				if kind == head.Kind {
					rank = i
				}
			}
			all = append(all, manifest{path, head.Kind, document, rank})
		}
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.rank != b.rank {
			return a.rank < b.rank
		}
		if a.kind != b.kind {
			return a.kind < b.kind
		}
		return a.path < b.path
	})
	for _, one := range all {
		fmt.Printf("---\n# Source: %s/%s\n%s\n", chart, one.path, one.text)
	}
	return nil
}
