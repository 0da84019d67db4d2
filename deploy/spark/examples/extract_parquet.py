"""Compute the features of a Parquet table's images, beside its other columns: extract_parquet.py IN OUT [COLUMN]

spark-submit --archives finetune.tar.gz#finetune --py-files finetune_spark.zip extract_parquet.py photos.parquet features.parquet
"""

import sys

from finetune_spark import extract
from pyspark.sql import SparkSession

source, out, column = (sys.argv[1:] + ["content"])[:3]
spark = SparkSession.builder.appName("features of a table").getOrCreate()
extract(spark.read.parquet(source), column, options=["--tap", "last"]).write.parquet(out)
