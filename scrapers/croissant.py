"""Croissant metadata: croissant.json, which describes a published data set for machines.

Croissant 1.1 with its RAI fields on collection and bias, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from collections import Counter
from pathlib import Path
from typing import Any

from cxrkit import __version__
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import COLUMNS, NUMBERS
from cxrkit.files import sha256_of, write_json

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

BIASES = (
    "In CoronaHack the normal films are of children of one to five years from one hospital and the COVID-19 films of adults "
    "from many sources: age, hospital, size and format separate the classes without any sign of disease.",
    "The COVID-19 label is the diagnosis of the case, not a finding on the film.",
)


def write(manifest_path: Path, manifest: Manifest, slug: str, title: str) -> Path:
    """Write croissant.json beside a manifest.csv that is there already; return its path.

    manifest: what manifest.csv holds. slug, title: OWNER/NAME and title of the data set on Kaggle.
    """
    path = manifest_path.with_name("croissant.json")
    write_json(path, describe(manifest_path, manifest, slug, title))
    return path


def describe(manifest_path: Path, manifest: Manifest, slug: str, title: str) -> dict[str, Any]:
    """The Croissant description of a data set as plain values; see `write`."""
    used = manifest.used
    sources = Counter(record.source for record in used)
    licences = sorted({record.licence or "unknown" for record in used})
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"images/{column}",
            "name": column,
            "dataType": "sc:Integer" if column in NUMBERS else "sc:Text",
            "source": {"fileObject": {"@id": "manifest"}, "extract": {"column": column}},
        }
        for column in COLUMNS
    ]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": title,
        "description": f"{len(used)} chest films, COVID-19 and healthy, of {len(manifest.records)} that the sources name. "
        "Research use only.",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "version": __version__,
        "license": licences,
        "url": f"https://www.kaggle.com/datasets/{slug}",
        "datePublished": max((record.retrieved_at[:10] for record in used if record.retrieved_at), default="2020-06-19"),
        "creator": {"@type": "sc:Organization", "name": "the sources named in each row's credit"},
        "citeAs": "The credit column names the source of each image.",
        "rai:dataCollection": f"Merged by cxrkit from {', '.join(f'{name} ({count})' for name, count in sorted(sources.items()))}.",
        "rai:dataCollectionType": ["Secondary Data Analysis"],
        "rai:dataBiases": list(BIASES),
        "rai:personalSensitiveInformation": ["Age", "Gender", "Health"],
        "rai:dataPreprocessingProtocol": ["Copies of a picture are found by their content; no patient is in two splits."],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "manifest",
                "name": "manifest.csv",
                "contentUrl": manifest_path.name,
                "encodingFormat": "text/csv",
                "sha256": sha256_of(manifest_path),
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "images", "name": "images", "key": {"@id": "images/image_id"}, "field": fields}],
    }
