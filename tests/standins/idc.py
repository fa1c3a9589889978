"""An index of the Imaging Data Commons behind idc-index's interface (as of 0.13.4), and a bucket that is a folder.

Written after the package's source: `index` is a table with these columns, sizes are exact in MB of 10**6 bytes, and a copy that
fails raises nothing. What a test wants to go wrong it puts into `faults`: {series: function from its files to what arrives}.
"""

from pathlib import Path

import pandas as pd

from tests.data.test_dicom import film

COLUMNS = ("collection_id", "PatientID", "SeriesInstanceUID", "PatientAge", "PatientSex", "BodyPartExamined", "Modality")
COLUMNS += ("SeriesDescription", "instanceCount", "license_short_name", "source_DOI", "series_size_MB")


class IDCClient:
    def __init__(self, films):
        """films: [(patient, series, {DICOM element or index column: value})]."""
        self.bucket, rows, self.faults, self.asked = {}, [], {}, []
        for patient, series, facts in films:
            columns = {name: facts.pop(name) for name in COLUMNS if name in facts}
            self.bucket[series] = {f"{series[-4:]}-instance.dcm": drawn(series, **facts)}
            size = sum(map(len, self.bucket[series].values()))
            row = ("covid_19_ar", patient, series, "064Y", "F", "CHEST", "DX", "AP", 1, "CC BY 4.0", "10.7937/x", size / 1e6)
            rows.append(dict(zip(COLUMNS, row)) | columns)
        self.index = pd.DataFrame(rows, columns=COLUMNS)

    @staticmethod
    def get_idc_version():
        return "v25"

    def download_from_selection(self, downloadDir, seriesInstanceUID, quiet, show_progress_bar, dirTemplate):
        assert dirTemplate == "%SeriesInstanceUID"
        self.asked.append(list(seriesInstanceUID))
        for series in seriesInstanceUID:
            folder = Path(downloadDir) / series
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in self.faults.get(series, dict)(self.bucket[series]).items():
                (folder / name).write_bytes(data)


def drawn(series, **elements):
    """The bytes of a drawn DICOM film of a series."""
    import io

    data = film(SeriesInstanceUID=series, **elements)
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()
