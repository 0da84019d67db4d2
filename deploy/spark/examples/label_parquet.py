"""Label a Parquet table with a column of image bytes: label_parquet.py IN OUT [COLUMN]

spark-submit --archives finetune.tar.gz#finetune --py-files finetune_spark.zip label_parquet.py photos.parquet labels.parquet content
"""

import sys

from finetune_spark import predict
from pyspark.sql import SparkSession

source, out, column = (sys.argv[1:] + ["content"])[:3]
spark = SparkSession.builder.appName("label a table").getOrCreate()
predict(spark.read.parquet(source), column).write.parquet(out)
