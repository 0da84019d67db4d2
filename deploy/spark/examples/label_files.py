"""Label the images of a folder, at any depth: label_files.py FOLDER OUT

spark-submit --archives finetune.tar.gz#finetune --py-files finetune_spark.zip label_files.py s3a://bucket/photos labels.parquet
"""

import sys

from finetune_spark import predict
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("label files").getOrCreate()
files = (spark.read.format("binaryFile").option("recursiveFileLookup", True).option("pathGlobFilter", "*.{jpg,jpeg,png,webp}")
         .load(sys.argv[1]))
predict(files.select("path", "content"), "content").write.parquet(sys.argv[2])
